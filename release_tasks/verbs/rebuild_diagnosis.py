"""Say how what a rebuild made differs, and why: by what is seen, and by trials if asked for."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from release_tasks.config.schema import Reproduce
from release_tasks.errors import FormatError
from release_tasks.formats.strict_json import parse_strict
from release_tasks.policy.probable_cause import Seen, Suspect, probable_causes
from release_tasks.policy.tolerance import Tolerance, level_reached, standard_error_of_difference
from release_tasks.policy.value_diff import dotted
from release_tasks.records.diagnosis import Diagnosis
from release_tasks.records.difference import FileDifference
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON
from release_tasks.records.likeness import Likeness
from release_tasks.records.step import Step
from release_tasks.stages.workspace import Workspace
from release_tasks.verbs.rebuild_steps import Made, StepRebuild
from release_tasks.verbs.rebuild_trials import Trial, Trials, try_again

# As lm-evaluation-harness names the standard error of a metric, and that behind a filter: acc_stderr,none.
_STANDARD_ERROR = re.compile(r"(?P<metric>.+)_stderr(?P<filter>,.*)?")


def differing_files(made: Sequence[Made], workspace: Workspace) -> dict[str, tuple[Path, Path]]:
    """The released file and what was made instead, by declared path; without those nowhere to be had."""
    pairs = {path: (workspace.index.locate(path), other) for item in made for path, other in item.other}
    return {path: files for path, files in pairs.items() if all(file.is_file() for file in files)}


def compare_made(files: Mapping[str, tuple[Path, Path]]) -> dict[str, FileDifference]:
    """How each file that came out otherwise differs from the released one, by declared path."""
    if not files:
        return {}
    from release_tasks.system.compare_files import compare_files  # noqa: PLC0415 - numpy, for a mismatch only

    return {path: compare_files(released, other, name=path) for path, (released, other) in files.items()}


def likenesses(
    differences: Mapping[str, FileDifference], workspace: Workspace, made: Sequence[Made], limits: Reproduce
) -> dict[str, Likeness]:
    """How alike the files are, within the tolerance that release.toml declares."""
    tolerance = Tolerance(
        max_ulp=limits.max_ulp, max_abs=limits.max_abs, standard_errors=limits.standard_errors
    )
    others = {path: other for item in made for path, other in item.other}
    found = {}
    for path, difference in differences.items():
        errors: Mapping[str, float] = (
            _standard_errors(workspace.index.locate(path), others[path])
            if difference.format == "json"
            else {}
        )
        found[path] = level_reached(difference, tolerance, errors=errors)
    return found


def _standard_errors(before: Path, after: Path) -> dict[str, float]:
    """The standard error of the difference of each metric that both sides state a finite one for.

    What is stated of an error counts as its own: it may move as far as the metric itself.
    """
    try:
        first, second = (
            dict(_stated(parse_strict(file.read_bytes(), where=file.name), "")) for file in (before, after)
        )
    except FormatError:
        return {}
    errors: dict[str, float] = {}
    for metric, error in first.keys() & second.keys():
        both = standard_error_of_difference(first[metric, error], second[metric, error])
        if both is not None and math.isfinite(both):
            errors |= {metric: both, error: both}
    return errors


def _stated(value: JSON, place: str) -> Iterator[tuple[tuple[str, str], float]]:
    """The keys of each metric and of its standard error, and that error."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _stated(item, f"{place}[{index}]")
    if not isinstance(value, dict):
        return
    for name, item in value.items():
        named = _STANDARD_ERROR.fullmatch(name)
        if named is not None and isinstance(item, int | float) and not isinstance(item, bool):
            metric = f"{named['metric']}{named['filter'] or ''}"
            yield (dotted(place, metric), dotted(place, name)), item
        yield from _stated(item, dotted(place, name))


@frozen
class World:
    """How the first build's world differs from this one; `loose` are its steps that ran in no sandbox."""

    packages: tuple[str, ...]
    elsewhere: tuple[str, ...]
    loose: frozenset[str] = frozenset()


def diagnose(
    steps: StepRebuild,
    made: Sequence[Made],
    differences: Mapping[str, FileDifference],
    world: World,
    *,
    explain: bool,
) -> tuple[Diagnosis, ...]:
    """Diagnose each step that came out otherwise, in the order of the graph.

    Every step was given what is released of the steps before it, so that each has a cause of its own. With
    `explain` each is tried again: as it is, then under parts of the variations.
    """
    wrong = [item for item in made if item.result.outcome == "mismatch"]
    found = []
    for number, item in enumerate(wrong):
        step = steps.step(item.result.name)
        seen, trials = _seen(steps, step, item, differences, world), 0
        if explain:
            seen, trials = _explained(seen, steps, step, item)
        other = tuple(differences[path].to_json() for path, _ in item.other if path in differences)
        found.append(
            Diagnosis(
                step=step.name,
                first=number == 0,
                findings=probable_causes(seen),
                differences=other,
                trials=trials,
            )
        )
    return tuple(found)


def _seen(
    steps: StepRebuild, step: Step, item: Made, differences: Mapping[str, FileDifference], world: World
) -> Seen:
    """What is known of a step before it is tried again."""
    other = [differences.get(path) for path, _ in item.other]
    reordered = [file.name for file in other if file is not None and _only_reordered(file)]
    return Seen(
        failure=None if item.other else item.result.why,
        headers_only=tuple(reordered) if len(reordered) == len(other) else (),
        packages=world.packages,
        elsewhere=world.elsewhere,
        suspects=tuple(_suspects(step, steps.workspace)),
        unpinned=step.user and steps.workspace.release.environment.numeric == "none",
        loose=step.subject in world.loose,
    )


def _only_reordered(difference: FileDifference) -> bool:
    return difference.relation == "tensors-equal" and not difference.header.count


def _explained(seen: Seen, steps: StepRebuild, step: Step, item: Made) -> tuple[Seen, int]:
    """Add what trials show; the rebuild itself was the first of them, under everything that was varied."""
    result = item.result
    applied = result.variations.applied or steps.varied
    made = dict(result.outputs)
    outputs = {path: made[path] for path in item.wanted if path in made} if item.other else None
    known = {frozenset(applied): Trial(outputs=outputs, applied=applied, why=result.why)}
    trials = Trials(partial(steps.trial, step), wanted=steps.expected(step), known=known)
    return try_again(seen, trials, applied), trials.count


def _suspects(step: Step, workspace: Workspace) -> Iterator[Suspect]:
    """What the recipe lint finds in the Python sources that a step reads, and nobody has accepted."""
    from release_tasks.policy.recipe_lint import lint_files  # noqa: PLC0415 - only a mismatch has suspects

    paths = {path for path in step.files if path.endswith(".py")}
    for tree in step.trees:
        paths |= {path for path in workspace.index.tree_files(tree) if path.endswith(".py")}
    sources = {path: workspace.index.locate(path).read_bytes() for path in sorted(paths)}
    for path, findings in lint_files(sources, {step.name: tuple(sources)}).items():
        for item in findings:
            if item.reason is None:
                yield Suspect(rule=item.rule, place=f"{path}:{item.line}")
