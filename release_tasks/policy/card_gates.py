"""The gate of the cards: what people must say is said, and every number of it has a source (D, P16)."""

from __future__ import annotations

from collections.abc import Iterator

from release_tasks.policy.evidence_shape import (
    COUNT,
    TEXT,
    TEXT_OR_NULL,
    TEXTS,
    EvidenceKind,
    Misfit,
    nested,
    one,
)
from release_tasks.policy.evidence_shape import rows as rows_of
from release_tasks.policy.gate import Gate, Rules, rows, text
from release_tasks.records.gate_code import GateCode
from release_tasks.records.json_value import JSONObject
from release_tasks.records.verdict import Finding

_CODES = {
    "section": GateCode.CARD_SECTION_EMPTY,
    "number": GateCode.CARD_NUMBER_UNSOURCED,
    "call": GateCode.CARD_CALL_INVALID,
}
_RULE = one("section, number or call", lambda value: value in tuple(_CODES))


def _cards(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    for row in rows(data, "flaws"):
        yield Finding(
            code=_CODES[text(row["rule"])],
            subject=f"{text(row['source'])}:{row['line']}",
            wanted=text(row["wanted"]),
            found=text(row["found"]),
        )


def _contradictions(data: JSONObject) -> Iterator[Misfit]:
    """A flaw of a text that is in none of the files."""
    sources = data["sources"]
    for index, row in enumerate(rows(data, "flaws")):
        if not isinstance(sources, list) or row["source"] not in sources:
            yield Misfit(f"flaws[{index}].source", "one of sources", ascii(row["source"])[:100])


CARD_KINDS: dict[str, EvidenceKind] = {
    "cards": EvidenceKind(
        fields={
            "model": TEXT_OR_NULL,
            "data": TEXT_OR_NULL,
            "sources": TEXTS,
            "grounds": TEXTS,
            "front": nested(
                {
                    "language": TEXTS,
                    "tags": TEXTS,
                    "pipeline_tag": TEXT_OR_NULL,
                    "library_name": TEXT_OR_NULL,
                    "datasets": TEXTS,
                    "benchmark": TEXT_OR_NULL,
                }
            ),
            "flaws": rows_of({"rule": _RULE, "source": TEXT, "line": COUNT, "wanted": TEXT, "found": TEXT}),
        },
        contradictions=_contradictions,
    ),
}

CARD_GATES: tuple[Gate, ...] = (
    Gate(
        name="cards",
        point="candidate",
        evidence="cards",
        check=_cards,
        doc="The cards say what people must say, and every number in them has a source.",
        undeclared=GateCode.CARDS_UNDECLARED,
    ),
)
