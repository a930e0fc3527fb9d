"""The verdict at the seal point, over what is released and what stands beside it (design §4)."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from release_tasks.errors import FormatError, GateRefused
from release_tasks.formats.lock_file import parse_lock
from release_tasks.policy.lock_check import compare_inputs
from release_tasks.policy.release_check import Checked, check_release
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.lock import LOCK
from release_tasks.records.verdict import Verdict
from release_tasks.stages.frozen_action import current_inputs
from release_tasks.stages.plan import Plan
from release_tasks.stages.workspace import Workspace
from release_tasks.system.git import changed_paths, head_id
from release_tasks.system.index import DigestIndex
from release_tasks.system.release_tree import read_release_tree
from release_tasks.system.state import StateDatabase
from release_tasks.verbs.seal_evidence import decide_seal, read_released, seal_evidence

RELEASED_LOCK = f"evidence/{LOCK}"
_ROLES = frozenset({"policy", "environment", "lock", "changelog", "checklist"})


@frozen
class Sealing:
    """What the seal point found: the release as it was read, its records, its level, and the verdict."""

    checked: Checked
    kept: Mapping[str, bytes]
    candidate: Verdict
    level: int | None
    metadata: JSONObject
    verdict: Verdict


def judge_seal(plan: Plan, workspace: Workspace) -> Sealing:
    """Judge whether the candidate on disk may be sealed now, trusting no database and no earlier reading.

    The directory is verified in full, git is asked, and every input is hashed again. Raises GateRefused when
    there is no candidate, or when it is so damaged that its own records cannot be read.
    """
    folder = workspace.root / plan.folder
    if folder.is_symlink() or not folder.is_dir():
        raise GateRefused(
            f"there is no candidate of {plan.release.version.text} (EVIDENCE_MISSING)",
            wanted="an accepted candidate",
            found="a symbolic link" if folder.is_symlink() else "nothing",
            where=plan.folder,
            hint="put the folder itself there" if folder.is_symlink() else "run 'doit release'",
        )
    contents = read_release_tree(folder, full=True, tensors=False, keep=_ROLES)
    checked = check_release(contents)
    try:
        released = read_released(contents.kept)
    except FormatError as error:
        raise _damaged(plan, checked, error) from None
    _refuse_foreign(plan, checked)
    problems: list[JSON] = [problem.to_json() for problem in checked.problems]
    evidence: JSONObject = {
        **seal_evidence(plan, workspace, released, remembered=False),
        "root": None if checked.root is None else str(checked.root),
        "problems": problems,
        "changed": _changed(workspace),
        "inputs": _changed_inputs(plan, workspace, released.lock),
    }
    return Sealing(
        checked=checked,
        kept=contents.kept,
        candidate=released.candidate,
        level=_level(evidence),
        metadata=released.metadata,
        verdict=decide_seal(released, evidence),
    )


def _refuse_foreign(plan: Plan, checked: Checked) -> None:
    """The directory must be of the very release that release.toml names: another one may verify as well."""
    manifest, release = checked.manifest, plan.release
    wanted = (release.name, release.version.text)
    if manifest is not None and (manifest.name, manifest.version) != wanted:
        raise GateRefused(
            f"the directory of {release.name} {release.version.text} holds another release (RELEASE_DAMAGED)",
            wanted=" ".join(wanted),
            found=f"{manifest.name} {manifest.version}",
            where=plan.folder,
            hint="move it away, then run 'doit release'",
        )


def _level(evidence: JSONObject) -> int | None:
    """The level that the rebuild of this very root earns, comparing bytes."""
    match evidence:
        case {"root": str() as root, "rebuild": {"root": found, "levels": {"bytes": int() as level}}} if (
            root == found
        ):
            return level
        case _:
            return None


def _damaged(plan: Plan, checked: Checked, error: FormatError) -> GateRefused:
    lines = [f"{problem.code} {problem.path}" for problem in checked.problems[:20]]
    return GateRefused(
        f"the candidate of {plan.release.version.text} does not verify (RELEASE_DAMAGED)",
        wanted="the files that were accepted",
        found="\n".join(lines) or f"{error.where}: {error.what}",
        where=plan.folder,
        hint="do not hand it out: run 'doit release', which makes it anew",
    )


def _changed(workspace: Workspace) -> JSON:
    """Files of the working tree that no commit has; nothing where there is no git, which `source` refuses."""
    if head_id(workspace.root) is None:
        return []
    return [{"path": path} for path in changed_paths(workspace.root)]


def _changed_inputs(plan: Plan, workspace: Workspace, lock: bytes | None) -> JSON:
    """Inputs that are not as they were when the release was built, each file hashed anew."""
    if lock is None:
        return []
    with tempfile.TemporaryDirectory(prefix="release_tasks-seal-") as place:
        database = StateDatabase(Path(place) / "index.sqlite")
        try:
            roots = {item.name: workspace.root / item.path for item in workspace.release.roots}
            fresh = Workspace(workspace.release, index=DigestIndex(database, workspace.root, roots))
            differences = compare_inputs(parse_lock(lock).inputs, current_inputs(plan, fresh))
        finally:
            database.close()
    return [difference.to_json() for difference in differences]
