"""Which level a rebuild has earned, and why not the next one; drawn from the report, never read from it."""

from __future__ import annotations

from collections.abc import Iterator

from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.likeness import LIKENESSES, Likeness
from release_tasks.records.rebuild import Machine, RebuildReport, StepResult, Variations

# Design §7. Level 4 needs the key of another party, and no report is signed yet.
LEVELS: tuple[str, ...] = (
    "packaging: the same tree gives the same bytes",
    "rebuilt on this machine under variation",
    "rebuilt on another processor of the numeric profile",
    "rebuilt under the portable profile",
    "rebuilt by an independent party with another key",
)
_SHOWN_BY = {"derived": "match", "recorded": "given"}  # a measurement is read, never made again
_PROFILES = ("v3-", "portable-")

Against = tuple[str, str]  # what stands against a level: of what it is true, and why


@frozen
class Level:
    """A level, None when not even packaging is shown; `because` shows it, `missing` hinders the next one."""

    number: int | None
    because: tuple[str, ...]
    missing: tuple[str, ...]

    def to_json(self) -> JSONObject:
        """Write the level as plain JSON."""
        return {
            "number": self.number,
            "meaning": None if self.number is None else LEVELS[self.number],
            "because": list[JSON](self.because),
            "missing": list[JSON](self.missing),
        }


def earned_level(report: RebuildReport, *, least: Likeness = "bytes") -> Level:
    """Draw the level of a report from its files, steps and machines, whatever level it claims for itself.

    `least` is how alike an exact file must at least be to what is released.
    """
    against = _grouped(_against_packaging(report, LIKENESSES.index(least)))
    if against:
        return Level(number=None, because=(), missing=against)
    derived = sum(file.cls == "derived" for file in report.files)
    because = [f"{derived} derived files rendered again from the recorded ones, the same bytes"]
    for number, hindrances in enumerate((_against_here, _against_elsewhere, _against_portable)):
        missing = _grouped(hindrances(report))
        if missing:
            return Level(number=number, because=tuple(because), missing=missing)
        because.append(_shown(number + 1, report))
    unsigned = ("a report that another party has signed: signatures come in a later version",)
    return Level(number=3, because=tuple(because), missing=unsigned)


def _shown(number: int, report: RebuildReport) -> str:
    count = f"{len(report.steps)} step{'s' if len(report.steps) != 1 else ''}"
    if number == 1:
        names = sorted({name for step in report.steps for name in step.variations.applied})
        return f"{count} gave the same bytes under {len(names)} variation{'s' if len(names) != 1 else ''}"
    processors = sorted({machine.processor for machine in _machines(report)})
    if number == 2:
        return f"{count} gave the same bytes on {', '.join(processors)}"
    return f"{count} ran under the portable profile"


def _against_packaging(report: RebuildReport, least: int) -> Iterator[Against]:
    for file in report.files:
        alike = file.likeness is not None and LIKENESSES.index(file.likeness) <= least
        if file.outcome == "mismatch" and not (file.cls == "exact" and alike):
            yield file.path, f"came out otherwise, {file.why or 'nobody knows why'}"
        elif file.outcome != "mismatch" and file.outcome != _SHOWN_BY.get(file.cls, file.outcome):
            yield file.path, file.why or file.outcome
    for step in report.steps:
        if step.outcome == "mismatch" and step.why is not None:
            yield step.name, _first_line(step.why)


def _against_here(report: RebuildReport) -> Iterator[Against]:
    if report.weights == "given":
        yield "weights", "given, no step makes them"
    for file in report.files:
        if file.cls == "exact" and file.outcome in {"given", "inconclusive"} and file.by != "source":
            yield file.path, file.why or file.outcome
    for step in report.steps:
        if step.outcome in {"given", "inconclusive"}:
            yield step.name, _first_line(step.why or step.outcome)
        else:
            yield from ((step.name, why) for why in _too_little_varied(step.variations))
    if not report.steps:
        yield "nothing was rebuilt", "no step makes a file of the release"


def _first_line(text: str) -> str:
    return next(iter(text.splitlines()), "")


def _too_little_varied(variations: Variations) -> Iterator[str]:
    if variations.left_out:
        yield f"not varied by choice: {', '.join(variations.left_out)}"
    elif not variations.applied:
        yield "nothing was varied"


def _against_elsewhere(report: RebuildReport) -> Iterator[Against]:
    if report.builder is None:
        yield "the release", "it does not say on which machine it was built"
        return
    for step in report.steps:
        yield from ((step.name, why) for why in _too_near(step, report.builder))


def _too_near(step: StepResult, builder: Machine) -> Iterator[str]:
    machine = step.machine
    if machine is None or machine.id == builder.id:
        yield "rebuilt on the machine that built it"
    elif machine.processor == builder.processor:
        yield f"rebuilt on the same processor, {builder.processor}"
    elif not machine.numeric_id.startswith(_PROFILES) or machine.numeric_id != builder.numeric_id:
        yield f"rebuilt under {machine.numeric_id}, built under {builder.numeric_id}"
    elif step.numeric not in {None, "checked"}:
        yield f"its numeric profile is only {step.numeric}"


def _against_portable(report: RebuildReport) -> Iterator[Against]:
    for machine in _machines(report):
        if not machine.numeric_id.startswith("portable-"):
            yield "the numeric profile", f"it is not portable: {machine.numeric_id}"
            return


def _machines(report: RebuildReport) -> Iterator[Machine]:
    yield from (step.machine for step in report.steps if step.machine is not None)


def _grouped(against: Iterator[Against]) -> tuple[str, ...]:
    """One sentence for each reason, with all that it is true of."""
    names: dict[str, list[str]] = {}
    for name, why in against:
        names.setdefault(why, []).append(name)
    return tuple(f"{', '.join(found)}: {why}" for why, found in names.items())
