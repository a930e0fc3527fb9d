"""`parity:<pair>`: do the formats of the model answer alike."""

from __future__ import annotations

from release_tasks.config.layout import base_name
from release_tasks.config.schema import Pair, Release
from release_tasks.records.evidence import evidence_path
from release_tasks.records.step import RECORDS, Step, Tree, Write
from release_tasks.stages.plan import Plan, as_reads


def rows_path(pair: str) -> str:
    """Where the rows of a pair are kept in the project, one JSON line for each prompt."""
    return f"{RECORDS}/parity/{pair}.rows.jsonl"


def pairs_of_formats(release: Release) -> dict[str, tuple[str, ...]]:
    """The further formats of the model with the names of the pairs that vouch for each (B15).

    A pair vouches for its candidate when its reference is the model itself, or is vouched for.
    """
    artifacts = release.artifacts
    known = {*artifacts.model, *filter(None, (artifacts.index,))}
    while more := {pair.candidate for pair in release.parity if pair.reference in known} - known:
        known |= more
    return {
        path: tuple(
            pair.name for pair in release.parity if pair.candidate == path and pair.reference in known
        )
        for path in artifacts.gguf
    }


def _reads(pair: Pair) -> tuple[str | Tree, ...]:
    named: tuple[str | Tree, ...] = (pair.reference, pair.candidate, pair.prompts)
    return tuple(dict.fromkeys((*named, *as_reads(pair.reads))))


def steps(plan: Plan) -> tuple[Step, ...]:
    """Plan one step for each declared pair."""
    return tuple(
        Step(
            verb="parity",
            subject=pair.name,
            run="release_tasks.stages.parity_action:measure_parity",
            doc=f"Compare the answers of {base_name(pair.candidate)} and {base_name(pair.reference)}.",
            args=(("command", pair.command), ("pair", repr(pair))),
            reads=_reads(pair),
            writes=(
                Write(evidence_path(f"parity/{pair.name}"), role="evidence"),
                Write(rows_path(pair.name), role="parity-rows"),
            ),
            user=True,
        )
        for pair in plan.release.parity
    )
