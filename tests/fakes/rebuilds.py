"""A rebuild of a tiny release as the report of it says, and strategies for others like it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from release_tasks.policy.rebuild_level import earned_level
from release_tasks.records.diagnosis import Cause, Diagnosis, Finding
from release_tasks.records.digest import sha256
from release_tasks.records.json_value import JSONObject
from release_tasks.records.likeness import LIKENESSES
from release_tasks.records.rebuild import (
    NUMERIC_STATUSES,
    OUTCOMES,
    FileResult,
    Machine,
    RebuildReport,
    StepResult,
    Variations,
)
from release_tasks.records.rebuild_record import RebuildRecord
from release_tasks.system.clock import format_time

ONE, TWO, THREE = (sha256(digit * 64) for digit in "123")
KEY, RUN = "a" * 64, "b" * 64
MOMENT = "2026-11-21T17:32:33Z"
VARIED = Variations(applied=("home", "time"), not_applied=(("user", "not root"),))
V3, PORTABLE = "v3-linux-x86_64-glibc2.36-numpy2.4.6", "portable-linux-x86_64-glibc2.36-numpy2.4.6"


def machine(name: str = "1", *, processor: str = "Zen 5", numeric_id: str = V3) -> Machine:
    """A machine, told apart by one hex digit."""
    return Machine(id=f"sha256:{name * 64}", environment="e" * 64, numeric_id=numeric_id, processor=processor)


HERE, THERE = machine(), machine("2", processor="Xeon")


def step(name: str = "step:train", **changed: Any) -> StepResult:
    """A step that came out as in the first build, on the machine of the first build, varied."""
    made = StepResult(
        name=name,
        outcome="match",
        key=KEY,
        outputs=(("build/model.safetensors", ONE),),
        seconds=1.5,
        numeric="checked",
        variations=VARIED,
        machine=HERE,
        record=f"{KEY}/{'c' * 64}.json",
    )
    return replace(made, **changed)


def file(path: str = "model.safetensors", cls: Any = "exact", **changed: Any) -> FileResult:
    """A file that came out as it is released; one of the class `recorded` is given."""
    by = {"exact": "step:train"}.get(cls, cls)
    outcome: Any = "given" if cls == "recorded" else "match"
    return replace(FileResult(path=path, cls=cls, outcome=outcome, by=by, wanted=ONE, found=ONE), **changed)


FILES = (file(), file("metadata.json", "derived"), file("evidence/run.json", "recorded", found=None))


def report(**changed: Any) -> RebuildReport:
    """A rebuild of one step on the machine that built the release, with nothing to complain of."""
    made = RebuildReport(
        name="tiny",
        version="1.0.0",
        root=ONE,
        exact_root=TWO,
        commit="c" * 40,
        weights="rebuilt",
        steps=(step(),),
        files=FILES,
        machine=HERE,
        builder=HERE,
        packages=(("numpy", "2.4.6", "not installed"),),
        seconds=2.25,
        finished_at=MOMENT,
        generator="release_tasks 0.1.0",
        built_with="release_tasks 0.1.0",
    )
    return replace(made, **changed)


CLOCK = Finding(cause=Cause.CLOCK, because="only 'time' changes it", mend="use SOURCE_DATE_EPOCH")
DIAGNOSIS = Diagnosis(step="step:train", first=True, findings=(CLOCK,), trials=4)


def written(made: RebuildReport) -> JSONObject:
    """rebuild.json of a report."""
    return {**made.to_json(), "level": earned_level(made).to_json()}


def record(**changed: Any) -> RebuildRecord:
    """A record of one rebuilt step."""
    made = RebuildRecord(
        key=KEY,
        step="step:train",
        kind="rebuild",
        run=RUN,
        outputs=(("build/model.safetensors", ONE),),
        variations=VARIED,
        machine=HERE,
        numeric="checked",
        seconds=1.5,
        rebuilt_at=MOMENT,
    )
    return replace(made, **changed)


_TEXTS = st.text(max_size=12)
_NAMES = st.lists(_TEXTS, max_size=3, unique=True).map(tuple)
_HEX = st.text("0123456789abcdef", min_size=64, max_size=64)
_DIGESTS = _HEX.map(sha256)
_SECONDS = st.one_of(st.integers(0, 10**9), st.floats(0, 1e9))
_MOMENTS = st.integers(0, 253402300799).map(format_time)


def _pairs(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(_TEXTS, values, max_size=3).map(lambda found: tuple(sorted(found.items())))


MACHINES = st.builds(
    Machine,
    id=_HEX.map("sha256:{}".format),
    environment=_HEX,
    numeric_id=st.sampled_from([V3, PORTABLE, "none-linux"]),
    processor=_TEXTS,
)
VARIATIONS = st.builds(Variations, applied=_NAMES, not_applied=_pairs(_TEXTS), left_out=_NAMES)
_STEPS = st.builds(
    StepResult,
    name=_TEXTS,
    outcome=st.sampled_from(OUTCOMES),
    key=st.none() | _HEX,
    outputs=_pairs(_DIGESTS),
    seconds=st.none() | _SECONDS,
    numeric=st.sampled_from(sorted(NUMERIC_STATUSES, key=str)),
    variations=VARIATIONS,
    machine=st.none() | MACHINES,
    record=st.none() | _TEXTS,
    why=st.none() | _TEXTS,
)
_FILES = st.builds(
    FileResult,
    path=_TEXTS,
    cls=st.sampled_from(["exact", "derived", "recorded"]),
    outcome=st.sampled_from(OUTCOMES),
    by=_TEXTS,
    wanted=_DIGESTS,
    found=st.none() | _DIGESTS,
    likeness=st.none() | st.sampled_from(LIKENESSES),
    why=st.none() | _TEXTS,
)
_FINDINGS = st.builds(Finding, cause=st.sampled_from(Cause), because=_TEXTS, mend=_TEXTS)
_DIAGNOSES = st.builds(
    Diagnosis,
    step=_TEXTS,
    first=st.booleans(),
    findings=st.lists(_FINDINGS, max_size=2).map(tuple),
    trials=st.integers(0, 99),
)
REPORTS = st.builds(
    RebuildReport,
    name=_TEXTS,
    version=_TEXTS,
    root=_DIGESTS,
    exact_root=_DIGESTS,
    commit=_HEX | _HEX.map(lambda text: text[:40]),
    weights=st.sampled_from(["rebuilt", "given"]),
    steps=st.lists(_STEPS, max_size=3).map(tuple),
    files=st.lists(_FILES, max_size=4).map(tuple),
    machine=MACHINES,
    builder=st.none() | MACHINES,
    packages=_pairs(st.tuples(_TEXTS, _TEXTS)).map(
        lambda found: tuple((name, then, now) for name, (then, now) in found)
    ),
    seconds=_SECONDS,
    finished_at=_MOMENTS,
    generator=_TEXTS,
    built_with=_TEXTS,
    diagnosis=st.lists(_DIAGNOSES, max_size=2).map(tuple),
)
RECORDS = st.builds(
    RebuildRecord,
    key=_HEX,
    step=_TEXTS,
    kind=st.sampled_from(["rebuild", "build"]),
    run=_HEX,
    outputs=_pairs(_DIGESTS),
    variations=VARIATIONS,
    machine=MACHINES,
    numeric=st.sampled_from(sorted(NUMERIC_STATUSES, key=str)),
    seconds=_SECONDS,
    rebuilt_at=_MOMENTS,
)
