"""The last look at the bytes that will be released, and the one rename that releases them."""

from __future__ import annotations

import os
import time
from pathlib import Path

from release_tasks.errors import GateRefused, IntegrityError, SealedError
from release_tasks.policy.acceptance import acceptance_table
from release_tasks.policy.release_check import check_release
from release_tasks.records.digest import parse_digest
from release_tasks.records.identity import tree_digest
from release_tasks.records.json_value import JSONObject
from release_tasks.records.release_contents import VERDICT, Contents
from release_tasks.records.verdict import verdict_from_json
from release_tasks.stages.accept import ACCEPTANCE, ACCEPTANCE_NAME
from release_tasks.stages.execution import Context
from release_tasks.stages.own_schema import check_own
from release_tasks.stages.package import PACKAGE
from release_tasks.stages.records_io import read_object, read_record, write_record
from release_tasks.stages.retire import retire_candidate
from release_tasks.stages.smoke_action import run_smoke
from release_tasks.stages.staged_scan import scan_staged
from release_tasks.system.clock import now
from release_tasks.system.disk import remove_tree
from release_tasks.system.index import Known
from release_tasks.system.release_tree import read_release_tree
from release_tasks.system.rename import publish_directory
from release_tasks.system.seal import read_seal, seal_in_doubt
from release_tasks.system.stat_key import stat_key


def _refuse_sealed(context: Context, exact: object) -> None:
    """A sealed version is never replaced; where the directory is absent, only the same exact bytes return.

    Only a tag of another hand that names none may stand before its release is built.
    """
    plan, root = context.plan, context.workspace.root
    seal = read_seal(root, plan.release.version.tag_name(plan.release.name), root / plan.attestations)
    if seal is None:
        _refuse_in_doubt(context)
        return
    before = seal.commit is not None and seal.exact_root is None
    if os.path.lexists(root / plan.folder) or not (before or seal.exact_root == exact):
        raise SealedError(
            f"{plan.release.version.text} is already released",
            wanted=f"exact_root {seal.exact_root}"
            if seal.exact_root
            else f"the release sealed by {seal.name}",
            found=f"exact_root {exact}",
            where=plan.folder,
            hint="a released version never changes: raise release.version in release.toml",
        )


def _refuse_in_doubt(context: Context) -> None:
    plan, root = context.plan, context.workspace.root
    tag = plan.release.version.tag_name(plan.release.name)
    if plan.mode.snapshot or not (root / plan.folder).exists() or not seal_in_doubt(root, tag):
        return
    raise SealedError(
        f"{plan.release.version.text} may be released already: this clone cannot tell (SEAL_UNKNOWN)",
        wanted=f"a clone that would have the tag {tag}",
        found="a shallow clone, or one without tags, and CI is set",
        where=plan.folder,
        hint="fetch history and tags first: git fetch --unshallow --tags",
    )


def _packaged(staged: Path, final: Path, package: JSONObject) -> tuple[Path, Contents]:
    """Find the packaged bytes and read every one: in staging, or in place when `accept` was there before.

    A run that was killed after the rename left them in place, with the displaced release in staging; and
    when only the smoke run changed, nothing was packaged anew.
    """
    for folder in (staged, final):
        if folder.exists():
            contents = read_release_tree(folder, full=True)
            if str(check_release(contents).root) == package["root"]:
                return folder, contents
    return staged, read_release_tree(staged, full=True)


def _verify(contents: Contents, package: JSONObject) -> None:
    check = check_release(contents)
    if check.problems:
        first = check.problems[0]
        raise IntegrityError(
            f"the packaged release does not verify: {first.code}",
            wanted=first.wanted,
            found=first.found,
            where=first.path,
            hint="run again; if it persists, the disk does not keep what is written",
        )
    if str(check.root) != package["root"]:
        raise IntegrityError(
            "the packaged release is not the one that was described",
            wanted=f"root {package['root']}",
            found=f"root {check.root}",
            hint="something wrote to the staging folder; run again",
        )


def _smoke_is_soft(staged: Path) -> bool:
    """Whether the verdict has let a failing smoke run pass: its gate is off, waived, or only warned."""
    gates = read_object(staged / VERDICT, where=VERDICT)["gates"]
    rows = gates if isinstance(gates, list) else []
    return any(
        isinstance(row, dict) and row["gate"] == "smoke" and row["status"] in {"warn", "off", "waived"}
        for row in rows
    )


def _smoke(context: Context, staged: Path, contents: Contents) -> JSONObject:
    smoke = context.plan.release.smoke
    if smoke is None:
        return {"ran": False}
    files = {file.path: staged / file.path for file in contents.files}
    result = run_smoke(context.workspace, smoke, files, context.report)
    if (result["ended_well"] is not True or result["sample_ok"] is not True) and not _smoke_is_soft(staged):
        retire_candidate(context.plan, context.workspace)
        code = "SMOKE_FAILED" if result["ended_well"] is not True else "SMOKE_SAMPLE_REFUSED"
        raise GateRefused(
            f"the packaged release fails its smoke run ({code})",
            found=str(result["problem"]),
            where=".release/logs/smoke.log",
            hint="read the log of the smoke command",
        )
    return result


def accept_release(context: Context) -> str:
    """Verify, scan and smoke the staged files, rename the folder into place.

    Raises IntegrityError, GateRefused or SealedError, and leaves the last accepted candidate alone but for a
    secret or a failed smoke run, which retire it. Returns the tree digest of the folder.
    """
    plan, workspace = context.plan, context.workspace
    staged, final = workspace.root / plan.staging, workspace.root / plan.folder
    package = read_record(workspace, PACKAGE)
    _refuse_sealed(context, package["exact_root"])
    context.report("verifying every byte")
    began_ns = time.time_ns()
    packaged, contents = _packaged(staged, final, package)
    _verify(contents, package)
    scan = scan_staged(context, packaged, contents)
    smoke = _smoke(context, packaged, contents)
    verdict = verdict_from_json(read_object(packaged / VERDICT, where=VERDICT), where=VERDICT)
    table = acceptance_table(verdict, root=parse_digest(str(package["root"])))
    displaced = publish_directory(staged, final) if packaged == staged else staged
    if displaced is not None:
        remove_tree(displaced)
    entries = [(f"{plan.folder}/{file.path}", file.sha256) for file in contents.files if file.sha256]
    workspace.index.remember_many(
        [(path, Known(stat_key(workspace.root / path), began_ns, digest.hex)) for path, digest in entries]
    )
    acceptance: JSONObject = {
        "schema_version": 1,
        "version": plan.release.version.text,
        "root": package["root"],
        "exact_root": package["exact_root"],
        "scan": [result.to_json() for result in scan],
        "smoke": smoke,
        "accepted_at": now(),
        "table": [row.to_json() for row in table],
    }
    check_own("acceptance", acceptance)
    write_record(workspace, ACCEPTANCE, acceptance)
    write_record(workspace, f"{plan.attestations}/{ACCEPTANCE_NAME}", acceptance)
    return tree_digest((path, digest.hex) for path, digest in entries).hex
