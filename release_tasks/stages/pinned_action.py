"""What release.lock pins for every machine, as it is now, and how it differs from what was frozen."""

from __future__ import annotations

import contextlib
from pathlib import Path

from release_tasks.config.schema import Dataset
from release_tasks.errors import FormatError, ReleaseError
from release_tasks.formats.strict_json import parse_strict
from release_tasks.formats.tokenizer_json import TokenizerFile, parse_tokenizer
from release_tasks.policy.vocabulary_diff import describe_change
from release_tasks.records.digest import Digest
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.lock import Pinned, Versioned
from release_tasks.stages.dataset_digest import dataset_digest
from release_tasks.stages.evidence_record import write_measurement
from release_tasks.stages.execution import Context
from release_tasks.stages.frozen_action import read_lock
from release_tasks.stages.pinned import tokenizer_file
from release_tasks.stages.plan import RELEASES, Plan
from release_tasks.stages.workspace import STATE, Workspace
from release_tasks.system.disk import write_atomic
from release_tasks.system.hashing import digest_file

_KEPT = f"{STATE}/frozen"  # tokenizers that were frozen here, by digest: a later refusal says what changed


def current_pinned(plan: Plan, workspace: Workspace) -> Pinned:
    """Configuration, dataset, tokenizer and seeds as they are now; what does not exist is None."""
    release = plan.release
    file, config = tokenizer_file(plan), release.artifacts.config
    tokenizer = None if file is None else workspace.index.sha256(file)
    dataset = release.dataset
    return Pinned(
        config=None if config is None else workspace.index.sha256(config),
        dataset=None if dataset is None else current_dataset(dataset, workspace),
        tokenizer=None
        if tokenizer is None
        else Versioned(version=release.artifacts.tokenizer_version, digest=tokenizer),
        seeds=tuple(sorted((user.name, user.seed) for user in release.steps if user.seed is not None)),
    )


def current_dataset(dataset: Dataset, workspace: Workspace) -> Versioned:
    """Version and digest of the dataset; raises as `dataset_digest`."""
    return Versioned(version=dataset.version, digest=dataset_digest(dataset, workspace))


def keep_tokenizer(plan: Plan, workspace: Workspace) -> None:
    """Keep a copy of the tokenizer that is frozen now."""
    declared = tokenizer_file(plan)
    digest = None if declared is None else workspace.index.sha256(declared)
    if declared is None or digest is None:
        return
    kept = workspace.root / _KEPT / f"{digest.hex}.json"
    kept.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(kept, workspace.index.locate(declared).read_bytes())


def _find_tokenizer(workspace: Workspace, wanted: Digest) -> TokenizerFile | None:
    """The tokenizer of a digest, from the copies that freezing kept or from a release on this disk."""
    root = workspace.root
    places = [root / _KEPT / f"{wanted.hex}.json", *sorted((root / RELEASES).glob("*/tokenizer.json"))]
    for place in places:
        with contextlib.suppress(OSError, ReleaseError):  # not there, damaged, not a file
            if digest_file(place, blake3=False).sha256 == wanted:
                return parse_tokenizer(place.read_bytes(), where=place.name)
    return None


def vocabulary_change(plan: Plan, workspace: Workspace, frozen: Digest) -> str:
    """Say how the tokenizer differs from the frozen one, or why that cannot be said."""
    before = _find_tokenizer(workspace, frozen)
    if before is None:
        return (
            f"the frozen tokenizer {frozen.short} is not on this disk, so its vocabulary cannot be compared"
        )
    declared = tokenizer_file(plan)
    if declared is None:
        return "the release has no tokenizer any more"
    path: Path = workspace.index.locate(declared)
    try:
        now = parse_tokenizer(path.read_bytes(), where=path.name)
    except FormatError as error:
        return f"the new file is no tokenizer.json that can be compared: {error.found}"
    return describe_change(before, now)


def _row(frozen: Versioned | None, now: Versioned | None) -> JSONObject:
    return {
        "frozen": None if frozen is None else str(frozen.digest),
        "now": None if now is None else str(now.digest),
        "frozen_version": None if frozen is None else frozen.version,
        "version": None if now is None else now.version,
    }


def _training(plan: Plan, workspace: Workspace) -> JSONObject | None:
    """The seed of the training record, if there is one, beside that of the step that makes the weights."""
    record = plan.release.artifacts.training
    if record is None:
        return None
    makers = [step for step in plan.release.steps if set(step.writes) & set(plan.release.artifacts.model)]
    seed: JSON = None
    problem: str | None = None
    try:
        value = parse_strict(workspace.index.locate(record).read_bytes(), where=record)
        seed = value.get("seed") if isinstance(value, dict) else None
    except FormatError as error:
        problem = error.found or error.what
    if problem is None and (isinstance(seed, bool) or not isinstance(seed, int) or seed < 0):
        problem = f"seed is {ascii(seed)[:50]}"
    return {
        "record": record,
        "seed": seed if problem is None else None,
        "problem": problem,
        "step_seed": makers[0].seed if makers else None,
    }


def check_versions(context: Context) -> None:
    """Write the evidence of kind `frozen-versions`."""
    plan, workspace = context.plan, context.workspace
    lock = read_lock(workspace)
    frozen, now = (lock.pinned if lock else Pinned()), current_pinned(plan, workspace)
    change = None
    if frozen.tokenizer and now.tokenizer and frozen.tokenizer.digest != now.tokenizer.digest:
        change = vocabulary_change(plan, workspace, frozen.tokenizer.digest)
    before, after = dict(frozen.seeds), dict(now.seeds)
    seeds: list[JSON] = [
        {"step": step, "frozen": before.get(step), "now": after.get(step)}
        for step in sorted(before.keys() | after.keys())
    ]
    write_measurement(
        context,
        "frozen-versions",
        {
            "lock": lock is not None,
            "config": {
                "frozen": None if frozen.config is None else str(frozen.config),
                "now": None if now.config is None else str(now.config),
            },
            "dataset": _row(frozen.dataset, now.dataset),
            "tokenizer": _row(frozen.tokenizer, now.tokenizer),
            "vocabulary": change,
            "training": _training(plan, workspace),
            "seeds": seeds,
        },
    )
