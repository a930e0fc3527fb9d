"""Say how what a rebuild made differs, and find the cause: by what is seen, and by trials if asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from release_tasks.config.schema import Reproduce
from release_tasks.errors import FormatError
from release_tasks.formats.strict_json import parse_strict
from release_tasks.policy.probable_cause import STILL, Seen, Suspect, probable_causes
from release_tasks.policy.recipe_lint import lint_files
from release_tasks.policy.tolerance import Tolerance, level_reached, standard_error_of_difference
from release_tasks.records.diagnosis import Diagnosis
from release_tasks.records.difference import FileDifference
from release_tasks.records.digest import Digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON
from release_tasks.records.likeness import Likeness
from release_tasks.records.step import Step
from release_tasks.stages.workspace import Workspace
from release_tasks.verbs.rebuild_steps import Made, StepRebuild

_STANDARD_ERROR = "_stderr"  # as lm-evaluation-harness names the standard error of a metric
Outputs = Mapping[str, Digest] | None  # what a trial made, None when it failed


def compare_made(made: Sequence[Made], workspace: Workspace) -> dict[str, FileDifference]:
    """How each file that came out otherwise differs from the released one, by declared path.

    A released file that is nowhere to be had is left out.
    """
    pairs = [(path, workspace.index.locate(path), other) for item in made for path, other in item.other]
    pairs = [pair for pair in pairs if pair[1].is_file() and pair[2].is_file()]
    if not pairs:
        return {}
    from release_tasks.system.compare_files import compare_files  # noqa: PLC0415 - numpy, for a mismatch only

    return {path: compare_files(released, other, name=path) for path, released, other in pairs}


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
    """The standard error of the difference of each metric that both sides state one for, as `<key>_stderr`.

    What is stated of an error counts as its own: it may move as far as the metric itself.
    """
    try:
        first, second = (
            dict(_numbers(parse_strict(file.read_bytes(), where=file.name))) for file in (before, after)
        )
    except FormatError:
        return {}
    errors: dict[str, float] = {}
    for key in first.keys() & second.keys():
        if key.endswith(_STANDARD_ERROR):
            both = standard_error_of_difference(first[key], second[key])
            if both is not None:
                errors |= {key: both, key.removesuffix(_STANDARD_ERROR): both}
    return errors


def _numbers(value: JSON, at: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _numbers(item, f"{at}.{name}" if at else name)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield at, value


@frozen
class World:
    """How the first build's world differs from this one: packages by name, the rest in words."""

    packages: tuple[str, ...]
    elsewhere: tuple[str, ...]


def diagnose(
    steps: StepRebuild,
    made: Sequence[Made],
    differences: Mapping[str, FileDifference],
    world: World,
    *,
    explain: bool,
) -> tuple[Diagnosis, ...]:
    """Diagnose each step that came out otherwise, in the order of the graph; the first one is the root of it.

    With `explain` the first one is tried again: as it is, then under the variations one after the other.
    """
    wrong = [item for item in made if item.result.outcome == "mismatch"]
    found = []
    for number, item in enumerate(wrong):
        step = steps.step(item.result.name)
        seen = Seen(
            failure=None if item.other else item.result.why,
            headers_only=tuple(
                path
                for path, _ in item.other
                if path in differences and differences[path].relation == "tensors-equal"
            ),
            packages=world.packages,
            elsewhere=world.elsewhere,
            suspects=tuple(_suspects(step, steps.workspace)),
        )
        trials = 0
        if explain and number == 0 and item.other:
            tried = _Trials(steps, step)
            seen = _tried(seen, tried, item.result.variations.applied)
            trials = tried.count
        found.append(
            Diagnosis(
                step=step.name,
                first=number == 0,
                findings=probable_causes(seen),
                differences=tuple(
                    differences[path].to_json() for path, _ in item.other if path in differences
                ),
                trials=trials,
            )
        )
    return tuple(found)


class _Trials:
    """Run a step again and again, each set of variations once, and `again` for a second look."""

    def __init__(self, steps: StepRebuild, step: Step) -> None:
        self._steps = steps
        self._step = step
        self._known: dict[tuple[frozenset[str], int], Outputs] = {}
        self.wanted: Outputs = steps.expected(step)
        self.count = 0

    def run(self, names: frozenset[str], *, time: int = 0) -> Outputs:
        """What the step makes under these variations; `time` tells trials of one set apart."""
        if (names, time) not in self._known:
            self.count += 1
            self._known[names, time] = self._steps.trial(self._step, names)
        return self._known[names, time]

    def changes(self, names: frozenset[str]) -> bool:
        """Whether the step makes something else than is released under these variations."""
        return self.run(names) != self.wanted

    def repeats(self, names: frozenset[str]) -> bool:
        """Whether it makes the same thing twice under them."""
        first = self.run(names)
        return first is not None and first == self.run(names, time=1)


def _tried(seen: Seen, tried: _Trials, applied: tuple[str, ...]) -> Seen:
    none = frozenset[str]()
    if not tried.repeats(none):
        still = next((name for name, _ in STILL if tried.repeats(frozenset({name}))), None)
        return replace(seen, repeats=False, still=still)
    if not tried.changes(none):
        culprits = _culprits(tried, applied)
        alone = all(tried.changes(frozenset({name})) for name in culprits)
        return replace(seen, repeats=True, by_variation=culprits or None, together=not alone)
    other = tried.run(frozenset({"cpu-features"}))
    return replace(seen, repeats=True, sensitive=other is not None and other != tried.run(none))


def _culprits(tried: _Trials, names: tuple[str, ...]) -> tuple[str, ...]:
    """The variations behind a change, by halving (as delta debugging does, Zeller and Hildebrandt 2002).

    Every half that changes the step by itself is searched; if neither does, all of these are needed together.
    """
    if not names or not tried.changes(frozenset(names)):
        return ()
    if len(names) == 1:
        return names
    middle = len(names) // 2
    found = (*_culprits(tried, names[:middle]), *_culprits(tried, names[middle:]))
    return found or _together(tried, names)


def _together(tried: _Trials, names: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out, one after the other, what is not needed for the change."""
    kept = names
    for name in names:
        rest = tuple(item for item in kept if item != name)
        if tried.changes(frozenset(rest)):
            kept = rest
    return kept


def _suspects(step: Step, workspace: Workspace) -> Iterator[Suspect]:
    """What the recipe lint finds in the Python sources that a step reads, and nobody has accepted."""
    paths = {path for path in step.files if path.endswith(".py")}
    for tree in step.trees:
        paths |= {path for path in workspace.index.tree_files(tree) if path.endswith(".py")}
    sources = {path: workspace.index.locate(path).read_bytes() for path in sorted(paths)}
    for path, findings in lint_files(sources, {step.name: tuple(sources)}).items():
        for item in findings:
            if item.reason is None:
                yield Suspect(rule=item.rule, place=f"{path}:{item.line}")
