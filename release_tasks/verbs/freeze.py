"""`freeze`: record in release.lock what the inputs are and what they gave on this kind of machine."""

from __future__ import annotations

from release_tasks.config.schema import Dataset
from release_tasks.errors import ConfigError, FormatError, GateRefused
from release_tasks.formats.lock_file import dump_lock
from release_tasks.policy.lock_check import Difference, compare_digests, compare_inputs
from release_tasks.records.gate_code import GateCode
from release_tasks.records.lock import LOCK, Lock, Pinned
from release_tasks.records.step import Tree, tree_matches
from release_tasks.stages.frozen import declared_inputs, written
from release_tasks.stages.frozen_action import current_inputs, current_outputs, read_lock
from release_tasks.stages.pinned_action import (
    current_dataset,
    current_pinned,
    keep_tokenizer,
    vocabulary_change,
)
from release_tasks.stages.plan import Plan
from release_tasks.stages.workspace import Workspace
from release_tasks.system.disk import write_atomic

_SHOWN = 10  # missing files named in one error


def _refuse_missing(plan: Plan, workspace: Workspace) -> None:
    """A lock that leaves an input out would freeze less than it says."""
    files = [read for read in declared_inputs(plan) if isinstance(read, str)]
    missing = [path for path in files if workspace.index.sha256(path) is None]
    if missing:
        more = [f"and {len(missing) - _SHOWN} more"] if len(missing) > _SHOWN else []
        raise ConfigError(
            "release.toml names files that do not exist",
            wanted="every input, to freeze it",
            found="\n".join(missing[:_SHOWN] + more),
            where=str(plan.release.file),
            hint="correct the path in release.toml, or declare the step that writes it",
        )


def _old_lock(workspace: Workspace, *, update: bool) -> Lock | None:
    """The lock that is there; a damaged one counts as none when it may be replaced."""
    try:
        return read_lock(workspace)
    except FormatError:
        if not update:
            raise
        return None


def _refuse_differences(differences: tuple[Difference, ...]) -> None:
    if not differences:
        return
    lines = [f"{item.name}: frozen {item.frozen}, now {item.now}" for item in differences[:_SHOWN]]
    more = [f"and {len(differences) - _SHOWN} more"] if len(differences) > _SHOWN else []
    raise GateRefused(
        "release.lock already says otherwise",
        wanted="the inputs and outputs that are frozen",
        found="\n".join(lines + more),
        where=LOCK,
        hint="run 'doit freeze --update' if the change is meant",
    )


def refuse_inputs(plan: Plan, workspace: Workspace, *, update: bool) -> None:
    """Refuse inputs that cannot be frozen, before hours of training on them.

    Raises ConfigError when an input does not exist, GateRefused for other data under the frozen version and,
    when `update` is not given, for any other input, FormatError when the lock is damaged and may not be
    replaced.
    """
    _refuse_missing(plan, workspace)
    old = _old_lock(workspace, update=update)
    if old is not None and not update:
        _refuse_differences(compare_inputs(old.inputs, current_inputs(plan, workspace)))
    if old is not None and plan.release.dataset is not None and not _made(plan, plan.release.dataset):
        now = Pinned(dataset=current_dataset(plan.release.dataset, workspace))
        _refuse_reuse(plan, workspace, old.pinned, now)


def _made(plan: Plan, dataset: Dataset) -> bool:
    """Whether a step writes files of the dataset, so that only then it is what will be frozen."""
    tree = Tree(dataset.files)
    return any(tree_matches(tree, path) for path in written(plan.release))


def _refuse_reuse(plan: Plan, workspace: Workspace, frozen: Pinned, now: Pinned) -> None:
    """A version cannot stay while the digest changes, not even with --update (R8, R9)."""
    for what, key, code, before, after in (
        ("dataset", "dataset.version", GateCode.DATASET_VERSION_REUSED, frozen.dataset, now.dataset),
        (
            "tokenizer",
            "artifacts.tokenizer_version",
            GateCode.TOKENIZER_VERSION_REUSED,
            frozen.tokenizer,
            now.tokenizer,
        ),
    ):
        if before is None or after is None or after.version is None:
            continue
        if before.version != after.version or before.digest == after.digest:
            continue
        change = f": {vocabulary_change(plan, workspace, before.digest)}" if what == "tokenizer" else ""
        raise GateRefused(
            f"the {what} changed, but its version did not ({code})",
            wanted=f"{before.digest.short}, frozen as version {before.version}",
            found=after.digest.short + change,
            where=LOCK,
            hint=f"raise {key} in release.toml, then run 'doit freeze --update'",
        )


def write_lock(plan: Plan, workspace: Workspace, *, update: bool) -> str:
    """Freeze inputs and this numeric id's outputs; returns what to tell the user.

    Raises as `refuse_inputs`, and GateRefused when outputs that are frozen already differ and `update` is not
    given; release.lock is then as before. When inputs changed, the outputs of other numeric ids speak of
    other inputs and are dropped.
    """
    refuse_inputs(plan, workspace, update=update)
    old = _old_lock(workspace, update=update)
    inputs = current_inputs(plan, workspace)
    outputs = current_outputs(plan, workspace)
    identifier = workspace.numeric_id
    frozen = old.outputs.get(identifier) if old else None
    if frozen is not None and not update:
        _refuse_differences(compare_digests(frozen, outputs))
    kept = dict(old.outputs) if old and not compare_inputs(old.inputs, inputs) else {}
    if outputs:
        kept[identifier] = outputs
    pinned = current_pinned(plan, workspace)
    _refuse_reuse(plan, workspace, old.pinned if old else Pinned(), pinned)
    keep_tokenizer(plan, workspace)
    data = dump_lock(Lock(inputs=inputs, pinned=pinned, outputs=kept))
    path = workspace.root / LOCK
    if path.exists() and path.read_bytes() == data:
        return f"{LOCK} is as it should be\n"
    write_atomic(path, data)
    count = len(inputs.files) + len(inputs.trees)
    dropped = sorted(set(old.outputs) - set(kept)) if old else []
    lost = f"; dropped outputs of {', '.join(dropped)}, which had other inputs" if dropped else ""
    return f"wrote {LOCK}: {count} inputs, {len(outputs)} outputs of {identifier}{lost}\ncommit it\n"
