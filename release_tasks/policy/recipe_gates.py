"""The gate of the recipe: the sources of `[[step]]` hold no known cause of other bytes (REC9); it advises."""

from __future__ import annotations

from collections.abc import Iterator

from release_tasks.policy.evidence_shape import COUNT, TEXT, TEXTS, EvidenceKind, Misfit, one
from release_tasks.policy.evidence_shape import rows as rows_of
from release_tasks.policy.gate import Gate, Rules, rows, text
from release_tasks.policy.recipe_rules import ACCEPTABLE, RULES
from release_tasks.records.gate_code import GateCode
from release_tasks.records.json_value import JSONObject
from release_tasks.records.verdict import Finding

_NAMED = 1000  # findings that are told one by one: a verdict must stay readable

_WANTED = {
    GateCode.RECIPE_NONDETERMINISTIC: "the same bytes each time",
    GateCode.RECIPE_NOT_READ: "sources that were read",
    GateCode.RECIPE_MARKER_UNUSED: "a marker that accepts a finding",
}


def _recipe(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    if not data["sources"]:
        yield Finding(
            code=GateCode.RECIPE_NOT_READ, subject="[[step]]", wanted="sources that were read", found="none"
        )
    found = rows(data, "findings")
    for row in found[:_NAMED]:
        rule = RULES[text(row["rule"])]
        yield Finding(
            code=rule.code,
            subject=f"{text(row['source'])}:{row['line']}:{row['column']}",
            wanted=_WANTED[rule.code],
            found=f"{text(row['found'])} ({rule.name}): {rule.why}; {rule.fix}",
        )
    if len(found) > _NAMED:
        yield Finding(
            code=GateCode.RECIPE_NONDETERMINISTIC,
            subject="[[step]]",
            wanted="the same bytes each time",
            found=f"{len(found) - _NAMED} more findings, {len(found)} in all",
        )


def _contradictions(data: JSONObject) -> Iterator[Misfit]:
    """A finding about a source that was not read, or one that no marker may accept."""
    sources = data["sources"]
    for key in ("findings", "accepted"):
        for index, row in enumerate(rows(data, key)):
            read = isinstance(sources, list) and row["source"] in sources
            if not read and row["rule"] != "no-source":
                yield Misfit(f"{key}[{index}].source", "one of sources", ascii(row["source"])[:100])
            if key == "accepted" and row["rule"] not in ACCEPTABLE:
                yield Misfit(f"{key}[{index}].rule", "a rule that a marker may name", text(row["rule"])[:100])


_RULE = one("a rule of the recipe lint", lambda value: isinstance(value, str) and value in RULES)
_PLACE = {"source": TEXT, "line": COUNT, "column": COUNT, "rule": _RULE}

RECIPE_KINDS: dict[str, EvidenceKind] = {
    "recipe": EvidenceKind(
        fields={
            "sources": TEXTS,
            "findings": rows_of({**_PLACE, "found": TEXT}),
            "accepted": rows_of({**_PLACE, "found": TEXT, "reason": TEXT}),
        },
        contradictions=_contradictions,
    ),
}

RECIPE_GATES: tuple[Gate, ...] = (
    Gate(
        name="recipe",
        point="candidate",
        evidence="recipe",
        check=_recipe,
        doc="The Python sources of the steps hold no known cause of other bytes.",
        undeclared=GateCode.RECIPE_UNDECLARED,
    ),
)
