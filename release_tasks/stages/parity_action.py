"""Measure one pair of formats: the reference's greedy paths, twice, and what both sides say of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from release_tasks.config.declared import split_root
from release_tasks.config.schema import Pair
from release_tasks.errors import FormatError
from release_tasks.formats.canonical_json import dump_canonical
from release_tasks.formats.logits_protocol import ScoreRequest
from release_tasks.formats.prompts import parse_prompts
from release_tasks.policy.thresholds import THRESHOLDS
from release_tasks.records.digest import Digest, sha256
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.parity import ParityRow
from release_tasks.stages.evidence_record import write_measurement
from release_tasks.stages.execution import Context
from release_tasks.stages.logits_command import LogitsCommand, compare
from release_tasks.stages.parity import rows_path
from release_tasks.stages.workspace import MissingInputError, Workspace
from release_tasks.system.disk import write_atomic
from release_tasks.system.git import head_id
from release_tasks.system.safetensors_file import read_header

_GGUF = b"GGUF"
_FORMATS = {".gguf": "gguf", ".safetensors": "safetensors"}


def _wanted_format(declared: str) -> str | None:
    """The format that a model file's suffix promises; None for a suffix that promises none that we know."""
    return _FORMATS.get(Path(split_root(declared)[1]).suffix.casefold())


def _found_format(path: Path) -> str | None:
    """What a model file is by its content; None for what we do not know."""
    with path.open("rb") as stream:
        if stream.read(len(_GGUF)) == _GGUF:
            return "gguf"
    try:
        read_header(path, where=path.name)
    except FormatError:
        return None
    return "safetensors"


def current_digest(workspace: Workspace, declared: str) -> Digest:
    """The digest that a declared file has now; raises MissingInputError when it is not there."""
    digest = workspace.index.sha256(declared)
    if digest is None:
        raise MissingInputError(declared)
    return digest


def _side(workspace: Workspace, declared: str) -> JSONObject:
    return {
        "path": declared,
        "digest": str(current_digest(workspace, declared)),
        "wanted_format": _wanted_format(declared),
        "format": _found_format(workspace.index.locate(declared)),
    }


def thresholds_of(pair: Pair) -> tuple[float, float]:
    """Least τ-b and largest ΔNLL of a pair: its own, else the built-in ones of its kind (B6).

    A policy can set others for the kind; the gate judges by those.
    """
    least, most = (THRESHOLDS[f"{name}_{pair.kind}"].default for name in ("min_parity_tau", "max_parity_nll"))
    if least is None or most is None:
        raise TypeError(f"BUG: the kind {pair.kind} has no built-in thresholds")
    return (
        least if pair.min_tau is None else pair.min_tau,
        most if pair.max_nll is None else pair.max_nll,
    )


def read_files(workspace: Workspace, pair: Pair) -> tuple[tuple[str, Digest], ...]:
    """What the command can read besides the two models, with the digests of now."""
    reads = set(workspace.index.expand(pair.reads)) - {pair.reference, pair.candidate}
    return tuple((path, current_digest(workspace, path)) for path in sorted(reads))


def _tokens_digest(tokens: Sequence[int]) -> str:
    return str(sha256(hashlib.sha256(dump_canonical(list(tokens))).hexdigest()))


def _measure(context: Context, pair: Pair) -> tuple[list[JSON], list[ParityRow]]:
    """Run the command; returns the rows of the evidence and those of the replay file."""
    workspace = context.workspace
    prompts = parse_prompts(workspace.index.locate(pair.prompts).read_bytes(), where=pair.prompts)
    command = LogitsCommand(workspace, pair, log=f"parity-{pair.name}")
    context.report(f"reference: {len(prompts)} paths of {pair.steps} steps")
    paths = command.greedy(prompts)
    forced = [ScoreRequest(tokens=path.tokens, start=path.prompt_tokens) for path in paths]
    context.report("reference: the same again, and scores of the paths")
    again, reference = command.again(prompts, forced)
    context.report("candidate: scores of the paths")
    candidate = command.candidate(forced)
    files = read_files(workspace, pair)
    min_tau, max_nll = thresholds_of(pair)
    commit = head_id(workspace.root)
    evidence: list[JSON] = []
    rows = []
    for number, (prompt, path, second, ours, theirs) in enumerate(
        zip(prompts, paths, again, reference, candidate, strict=True)
    ):
        found = compare(path, ours, theirs)
        rows.append(
            ParityRow(
                row=number,
                pair=pair.name,
                kind=pair.kind,
                command=pair.command,
                reference=(pair.reference, current_digest(workspace, pair.reference)),
                candidate=(pair.candidate, current_digest(workspace, pair.candidate)),
                files=files,
                prompt=prompt,
                steps=pair.steps,
                seed=pair.seed,
                tokens=path.tokens,
                prompt_tokens=path.prompt_tokens,
                min_tau=min_tau,
                max_nll=max_nll,
                commit=commit,
                found=found,
            )
        )
        digests = {"path": _tokens_digest(path.tokens), "again": _tokens_digest(second.tokens)}
        evidence.append({**found.to_json(), **digests})
    return evidence, rows


def measure_parity(context: Context) -> None:
    """Write the evidence of a pair and its rows, one canonical JSON line for each prompt.

    A pair that cannot be two formats of a model (the same bytes twice, or not what the suffix promises) is
    recorded as it is and not run. Raises CommandFailed when the command fails or does not keep to the
    protocol, FormatError for prompts that cannot be read.
    """
    workspace = context.workspace
    pair = next(pair for pair in context.plan.release.parity if pair.name == context.step.subject)
    reference, candidate = (_side(workspace, path) for path in (pair.reference, pair.candidate))
    sound = reference["digest"] != candidate["digest"] and all(
        side["wanted_format"] in {None, side["format"]} for side in (reference, candidate)
    )
    evidence, rows = _measure(context, pair) if sound else ([], [])
    target = workspace.root / rows_path(pair.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(target, b"".join(dump_canonical(row.to_json()) for row in rows))
    write_measurement(
        context,
        f"parity/{pair.name}",
        {
            "name": pair.name,
            "kind": pair.kind,
            "reference": reference,
            "candidate": candidate,
            "steps": pair.steps,
            "min_tau": pair.min_tau,
            "max_nll": pair.max_nll,
            "rows": evidence,
        },
    )
