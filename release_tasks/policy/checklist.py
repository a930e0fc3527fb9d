"""The checklist of a release (R6, R28, B10): what is shown, by which gate and evidence; else why not."""

from __future__ import annotations

from collections.abc import Iterator

from release_tasks.policy.gates import GATES
from release_tasks.policy.waivers import WAIVERS_USED
from release_tasks.records.content import Content, GateContent
from release_tasks.records.frozen_record import frozen

# What people ask before a release, and the gates whose recorded results answer.
_ITEMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("All tests pass: unit, integration, pipeline, regression", ("tests", "suites")),
    ("All benchmarks ran", ("bench",)),
    ("All targets are met", ("targets",)),
    ("Nothing became worse than the last release", ("regression",)),
    ("The configuration is frozen", ("lock-config",)),
    ("The dataset is frozen", ("lock-dataset",)),
    ("The tokenizer is frozen", ("lock-tokenizer",)),
    ("Inputs and outputs are those of release.lock", ("lock-inputs", "lock-outputs")),
    ("The checkpoint is the one that its metric selects", ("checkpoint",)),
    ("Nothing is left to do in what is released", ("todo",)),
    ("The version is free, and a patch is one", ("version", "patch")),
    ("Every format answers like the model", ("parity", "parity-coverage")),
    ("Every required file is there, and sound", ("contract", "weights", "weights-finite")),
    ("A sample was generated and checked", ("smoke",)),
    ("No secret, no remote call, safe modes", ("secrets", "network", "file-modes", "self-contained")),
    ("Nothing in it is a mock", ("no-mock",)),
    ("The cards say all that they must", ("cards",)),
    ("Every waiver of the policy excuses a finding", (WAIVERS_USED,)),
)
_LATER = (
    (
        "Packaged: the packed bytes verify and generate",
        "these bytes are verified after this list is written",
    ),
    ("Reproducible: a rebuild from scratch gave the same bytes", "nothing is rebuilt before it is packaged"),
    ("Source clean and committed, tagged", "the tag comes after the release"),
)
_REASONS = {"skipped": "not declared", "off": "switched off by the policy"}


@frozen
class CheckItem:
    """One line of the list: ticked or why not, and the gates with the evidence files that they rest on."""

    text: str
    ticked: bool
    reasons: tuple[str, ...]
    gates: tuple[str, ...]
    evidence: tuple[tuple[str, str], ...]


def checklist(content: Content) -> tuple[CheckItem, ...]:
    """What people ask before a release, each with the evidence; what no gate answers is left out."""
    gates = {gate.name: gate for gate in content.gates}
    items = [_item(content, text, [gates[name] for name in names if name in gates]) for text, names in _ITEMS]
    return tuple(item for item in items if item.gates)


def further_gates(content: Content) -> tuple[CheckItem, ...]:
    """Every gate that no item of the list names, by what it looks at."""
    named = {name for _, names in _ITEMS for name in names}
    docs = {gate.name: gate.doc.rstrip(".") for gate in GATES}
    return tuple(
        _item(content, docs.get(gate.name, gate.name), [gate])
        for gate in content.gates
        if gate.name not in named
    )


def later_items(version: str) -> Iterator[tuple[str, str]]:
    """Yield what nothing in the tree can show, with the reason and the place where it is shown."""
    for text, reason in _LATER:
        yield text, f"{reason}; see {version}.attestations beside the release"


def _item(content: Content, text: str, gates: list[GateContent]) -> CheckItem:
    reasons = [reason for gate in gates for reason in _reasons(gate)]
    evidence = dict.fromkeys(path for gate in gates for path in gate.evidence)
    files = [content.file(path) for path in evidence]
    return CheckItem(
        text=text,
        ticked=not reasons,
        reasons=tuple(reasons),
        gates=tuple(gate.name for gate in gates),
        evidence=tuple((file.path, file.entry.sha256.short) for file in files if file is not None),
    )


def _reasons(gate: GateContent) -> Iterator[str]:
    """Why a gate ticks nothing: it did not pass, or passed with something to say."""
    if gate.status == "pass" and not gate.findings:
        return
    said = "; ".join(gate.findings)
    why = _REASONS.get(gate.status, {"warn": "warned", "fail": "refused"}.get(gate.status, gate.status))
    yield f"{gate.name}: {why}" + (f" ({said})" if said else "")
