"""Compare inputs and outputs with release.lock, and say what the lock of this moment would be."""

from __future__ import annotations

from release_tasks.errors import FormatError, GateRefused
from release_tasks.formats.lock_file import parse_lock
from release_tasks.policy.lock_check import Difference, compare_digests, compare_inputs
from release_tasks.records.digest import Digest, sha256, short_digest
from release_tasks.records.evidence import Evidence, evidence_path
from release_tasks.records.identity import tree_digest
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.lock import LOCK, Digests, Inputs, Lock
from release_tasks.records.step import Tree, tree_matches
from release_tasks.stages.execution import Context
from release_tasks.stages.frozen import declared_inputs, recipes, written
from release_tasks.stages.plan import Plan
from release_tasks.stages.records_io import write_evidence
from release_tasks.stages.workspace import Workspace

_SHOWN = 10


def read_lock(workspace: Workspace) -> Lock | None:
    """The project's release.lock, or None when it has none; raises FormatError for a damaged one."""
    path = workspace.root / LOCK
    if not path.exists():
        return None
    try:
        return parse_lock(path.read_bytes())
    except FormatError as error:
        error.hint = "restore it with git, or run 'doit freeze --update' and commit the result"
        raise


def current_inputs(plan: Plan, workspace: Workspace) -> Inputs:
    """The inputs as they are now; a file that is missing is left out."""
    made = written(plan.release)
    reads = declared_inputs(plan)
    files = [(path, workspace.index.sha256(path)) for path in reads if isinstance(path, str)]
    trees = [
        ("|".join(tree.patterns), _tree_without(workspace, tree, made))
        for tree in reads
        if isinstance(tree, Tree)
    ]
    return Inputs(
        files=tuple((path, digest) for path, digest in files if digest is not None),
        trees=tuple(trees),
        steps=tuple((name, sha256(digest)) for name, digest in recipes(plan.release)),
    )


def _tree_without(workspace: Workspace, tree: Tree, made: frozenset[str]) -> Digest:
    """Digest of a tree less the files that the user's steps write into it."""
    if not any(tree_matches(tree, path) for path in made):
        return workspace.index.tree(tree).digest
    entries = workspace.index.tree_digests(tree)
    return tree_digest((path, digest.hex) for path, digest in entries if path not in made)


def input_subjects(inputs: Inputs) -> Digests:
    """The inputs as the subjects of evidence: files and globs with their digests, sorted."""
    return tuple(sorted((*inputs.files, *inputs.trees)))


def current_outputs(plan: Plan, workspace: Workspace) -> Digests:
    """What the steps of the user have made, sorted; a file that is missing is left out."""
    found: list[tuple[str, Digest]] = []
    for path in sorted(written(plan.release)):
        digest = workspace.index.sha256(path)
        if digest is not None:
            found.append((path, digest))
    return tuple(found)


def _refusal(differences: tuple[Difference, ...]) -> GateRefused:
    lines = [
        f"{item.name}: frozen {short_digest(item.frozen, absent='absent')},"
        f" now {short_digest(item.now, absent='absent')}"
        for item in differences[:_SHOWN]
    ]
    if len(differences) > _SHOWN:
        lines.append(f"and {len(differences) - _SHOWN} more")
    return GateRefused(
        "the inputs are not those of release.lock (LOCK_INPUTS_CHANGED)",
        wanted="the inputs as they were frozen",
        found="\n".join(lines),
        where=LOCK,
        hint="restore them, or run 'doit freeze --update' if the change is meant, and commit release.lock",
    )


def check_inputs(context: Context) -> None:
    """Record how the inputs differ from the lock; refuse at once unless this is a soft or snapshot run.

    Training on inputs that are not frozen would only waste the user's time: the gate refuses it anyway.
    """
    lock = read_lock(context.workspace)
    now = current_inputs(context.plan, context.workspace)
    differences = compare_inputs(lock.inputs, now) if lock else ()
    data: JSONObject = {"lock": lock is not None, "differences": [item.to_json() for item in differences]}
    write_evidence(
        context.workspace,
        evidence_path("frozen-inputs"),
        Evidence(kind="frozen-inputs", subjects=input_subjects(now), data=data),
    )
    if context.argument("enforce") is not True:
        return
    if lock is None:
        raise GateRefused(
            "there is no release.lock (LOCK_MISSING)",
            wanted="frozen inputs",
            found="no file release.lock",
            where=str(context.workspace.root / LOCK),
            hint="run 'doit freeze', look at what it wrote, and commit release.lock",
        )
    if differences:
        raise _refusal(differences)


def check_outputs(context: Context) -> None:
    """Record how the steps' outputs differ from those that the lock has for this numeric id."""
    lock = read_lock(context.workspace)
    now = current_outputs(context.plan, context.workspace)
    identifier = context.workspace.numeric_id
    frozen = lock.outputs.get(identifier) if lock else None
    known = frozen is not None or not now
    differences = compare_digests(frozen, now) if frozen is not None else ()
    data: JSONObject = {
        "lock": lock is not None,
        "numeric_id": identifier,
        "known": known,
        "frozen_ids": list[JSON](sorted(lock.outputs)) if lock else [],
        "differences": [item.to_json() for item in differences],
    }
    write_evidence(
        context.workspace,
        evidence_path("frozen-outputs"),
        Evidence(kind="frozen-outputs", subjects=(), data=data),
    )
