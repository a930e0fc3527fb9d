"""What a release claims of itself, verified, and the source that it names, checked out into a fresh place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from release_tasks.catalog import plan_steps
from release_tasks.config.load import FILE_NAME, POLICY_NAME, find_policy, load_release
from release_tasks.config.schema import Release
from release_tasks.errors import ConfigError, EnvironmentRefused, IntegrityError, ReleaseError
from release_tasks.formats.canonical_json import parse_canonical
from release_tasks.records.claimed_text import is_moment
from release_tasks.records.digest import Digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSONObject
from release_tasks.records.lock import LOCK
from release_tasks.records.manifest import CHECKSUMS, MANIFEST, Manifest, manifest_from_json
from release_tasks.records.release_contents import METADATA, VERDICT
from release_tasks.records.step import Tree, tree_matches
from release_tasks.records.verdict import Verdict, verdict_from_json
from release_tasks.records.version import Version, parse_version
from release_tasks.stages.plan import EXPERIMENTS, RELEASES, Plan, make_plan
from release_tasks.system.clock import EPOCH, format_time, is_epoch
from release_tasks.system.environment import numeric_id, resolve_profile, search_path
from release_tasks.system.git import commit_time, tag_commit
from release_tasks.system.release_archive import unpack_members
from release_tasks.system.source_place import borrow, repository_of, write_out
from release_tasks.verbs.rebuild_roots import place_roots, roots_in_repository
from release_tasks.verbs.verify import VerifyReport, verify

ENVIRONMENT = "evidence/environment.json"
RELEASED_LOCK = "evidence/release.lock"


@frozen
class Claim:
    """A verified release: where its files are, what they are, and from which commit it says to come."""

    path: Path
    folder: Path
    manifest: Manifest
    root: Digest
    metadata: JSONObject
    verdict: Verdict
    environment: JSONObject
    commit: str

    @property
    def attestations(self) -> Path:
        """Where statements about the release are kept: beside it, under its version."""
        return self.path.parent / f"{self.manifest.version}.attestations"


@frozen
class Source:
    """The project at the commit of a release, in a fresh place, planned as it was when it was released.

    `working` is the same configuration over the files of the clone that was asked, which may hold inputs that
    git does not. `date` is that of the commit, or what SOURCE_DATE_EPOCH was.
    """

    plan: Plan
    working: Release
    date: str


def newest_release(project: Release) -> Path:
    """The release of the version in release.toml, else that of the highest version; ConfigError for none."""
    own = [
        folder
        for home in (RELEASES, EXPERIMENTS)
        if (folder := project.root / home / project.version.text).joinpath(MANIFEST).is_file()
    ]
    if own:
        return own[0]
    found: list[tuple[Version, Path]] = []
    for file in (project.root / RELEASES).glob(f"*/{MANIFEST}"):
        try:
            found.append((parse_version(file.parent.name, project.scheme), file.parent))
        except ReleaseError:
            continue
    if not found:
        raise ConfigError(
            "there is no release to reproduce",
            wanted=f"a release below {RELEASES}/, or the path of one",
            found="none",
            where=str(project.root),
            hint="run 'doit release', or name a release directory, tar or zip",
        )
    return max(found, key=lambda item: item[0].precedence)[1]


def read_claim(path: Path, place: Path, *, root: str | None, tag: str | None, cwd: Path) -> Claim:
    """Verify the release at `path` in full and read its records; an archive is unpacked below `place`.

    Raises IntegrityError for a release that does not verify, and ConfigError for one whose source cannot be
    named: without a commit, or built from a tree with changes that no commit has.
    """
    whole = cwd / path
    report = verify(path, root=root, tag=tag, full=True, cwd=cwd)
    if not report.ok or report.root is None:
        raise _unverified(report, whole)
    folder = whole
    if whole.is_file():
        folder = place / "released"
        _unpack(whole, folder)
    metadata = _object(folder, METADATA)
    commit = metadata.get("git_commit")
    if not isinstance(commit, str):
        raise ConfigError(
            "the release does not say from which commit it was built",
            wanted=f"{METADATA}: git_commit",
            found="null: the project was not under git",
            where=str(whole),
            hint="only a release of a project under git can be rebuilt from its source",
        )
    if metadata.get("git_dirty") is not False:
        raise ConfigError(
            "the release was built from uncommitted changes: its source is nowhere",
            wanted=f"{METADATA}: git_dirty false",
            found="true",
            where=str(whole),
            hint="commit the changes and run 'doit release' again",
        )
    return Claim(
        path=whole,
        folder=folder,
        manifest=manifest_from_json(_object(folder, MANIFEST)),
        root=report.root,
        metadata=metadata,
        verdict=verdict_from_json(_object(folder, VERDICT), where=VERDICT),
        environment=_environment(folder),
        commit=commit,
    )


def _environment(folder: Path) -> JSONObject:
    """environment.json, of which the moment of the decision and the date are built upon."""
    environment = _object(folder, ENVIRONMENT)
    decided_at, overrides = environment.get("decided_at"), environment.get("overrides")
    epoch = overrides.get(EPOCH, "0") if isinstance(overrides, dict) else None
    sound = isinstance(decided_at, str) and is_moment(decided_at)
    if not sound or not isinstance(epoch, str) or not is_epoch(epoch):
        raise IntegrityError(
            "the release does not say soundly how it was built",
            wanted=f"decided_at as 2026-01-31T12:00:00Z, and overrides whose {EPOCH} is a time",
            found=ascii({"decided_at": decided_at, "overrides": overrides})[:200],
            where=ENVIRONMENT,
            hint="do not trust this release; get it again from where it came",
        )
    return environment


def _unpack(archive: Path, folder: Path) -> None:
    """Write the files of a verified archive below `folder`: those that its manifest lists, and no other."""
    unpack_members(archive, frozenset({MANIFEST}), folder)
    manifest = manifest_from_json(_object(folder, MANIFEST))
    unpack_members(archive, frozenset(file.path for file in manifest.files) | {CHECKSUMS}, folder)


def _unverified(report: VerifyReport, where: Path) -> IntegrityError:
    first = report.problems[0] if report.problems else None
    return IntegrityError(
        "the release does not verify, so there is nothing to compare a rebuild with",
        wanted="a release without problems" if first is None else first.wanted,
        found="no root" if first is None else f"{first.code} {first.path}: {first.found}",
        where=str(where),
        hint="'release-tasks verify' names every problem; get the release again from where it came",
    )


def _object(folder: Path, name: str) -> JSONObject:
    value = parse_canonical((folder / name).read_bytes(), where=name)
    if not isinstance(value, dict):
        raise IntegrityError("a record of the release is not an object", where=name)
    return value


def prepare_source(claim: Claim, place: Path, *, project: Path, environ: Mapping[str, str]) -> Source:
    """Check the commit of a release out below `place`, and plan it as it was planned then.

    `project` is the project's folder in a clone that has the commit. Raises ConfigError when it has not,
    IntegrityError when the source is not that of the release, EnvironmentRefused when this machine cannot
    give the numeric profile of the release.
    """
    repository = repository_of(project)
    if repository is None:
        raise ConfigError(
            "there is no git repository to take the source from",
            wanted="a clone that has the commit of the release",
            found="no .git in this folder or above it",
            where=str(project),
            hint="run in a clone of the project",
        )
    _refuse_other_commit(claim, project)
    copy = place / "source"
    borrowed = borrow(repository, claim.commit, copy)
    inside = copy / project.relative_to(repository)
    inside.mkdir(parents=True, exist_ok=True)
    prefix = "".join(f"{part}/" for part in project.relative_to(repository).parts)
    write_out(borrowed, {f"{prefix}{name}" for name in (FILE_NAME, POLICY_NAME, LOCK)}.__contains__)
    release = _load(claim, inside, environ)
    _refuse_other_source(claim, inside, release)
    _refuse_missing_tools(release)
    found = numeric_id(resolve_profile(release.environment.numeric))
    built = claim.environment.get("numeric_id")
    if found != built:
        raise EnvironmentRefused(
            "this environment is not that of the release",
            wanted=str(built),
            found=found,
            hint="use a machine and an interpreter of that numeric id; --fresh-env installs the packages",
        )
    working = replace(release, root=project)
    roots = roots_in_repository(release, project=project, repository=repository)
    release = place_roots(release, roots, copy=copy, place=place)
    if release.policy is not None:
        write_out(borrowed, f"{prefix}{release.policy}".__eq__)
    policy = find_policy(release)
    relative = None if policy is None else os.path.relpath(policy, release.root)
    mode = claim.verdict.mode
    plan = make_plan(
        release, mode, relative, profile=claim.verdict.profile if mode.profile_override else None
    )
    if plan.release.version.text != claim.manifest.version:
        raise _other_source(claim, "release.version", claim.manifest.version, plan.release.version.text)
    write_out(borrowed, _declared(plan, prefix, roots))
    return Source(plan=plan, working=working, date=_date(claim, project))


def _declared(plan: Plan, prefix: str, roots: Mapping[str, str]) -> Callable[[str], bool]:
    """Which files of the commit the plan reads: what no step declares is not there to be read.

    `prefix` is the path of the project in the repository, `roots` those of the roots that lie there.
    """
    reads = [read for step in plan_steps(plan) for read in step.reads]
    files = {read for read in reads if isinstance(read, str)}
    trees = tuple(dict.fromkeys(read for read in reads if isinstance(read, Tree)))

    places = [("", prefix), *((f"{name}:", inside) for name, inside in roots.items())]

    def declared(path: str) -> bool:
        names = [start + path.removeprefix(inside) for start, inside in places if path.startswith(inside)]
        return any(name in files or any(tree_matches(tree, name) for tree in trees) for name in names)

    return declared


def _date(claim: Claim, project: Path) -> str:
    """The date that the release must have: never what its metadata say of it."""
    epoch = _overridden(claim).get(EPOCH)
    return format_time(int(str(epoch)) if epoch is not None else commit_time(project, claim.commit))


def _overridden(claim: Claim) -> JSONObject:
    overrides = claim.environment.get("overrides")
    return overrides if isinstance(overrides, dict) else {}


def _load(claim: Claim, project: Path, environ: Mapping[str, str]) -> Release:
    """Read release.toml as the first build did, with the variables that changed it then (K17)."""
    recorded = _overridden(claim)
    restored = {name: value for name, value in environ.items() if name in recorded and name != "RELEASE_ROOT"}
    version = recorded.get("RELEASE_VERSION")
    if isinstance(version, str):
        restored["RELEASE_VERSION"] = version
    try:
        return load_release(project / FILE_NAME, environ=restored)
    except ConfigError as error:
        raise IntegrityError(
            f"{FILE_NAME} of commit {claim.commit[:12]} cannot be read by this version of release_tasks",
            found=str(error),
            where=str(claim.path),
            hint=f"use the version that made the release: {claim.environment.get('generator')}",
        ) from None


def _refuse_other_commit(claim: Claim, project: Path) -> None:
    """A tag of this version must name the commit that the release names."""
    for tag in _tags(claim):
        tagged = tag_commit(project, tag)
        if tagged is not None and tagged != claim.commit:
            raise IntegrityError(
                "the release names another commit than its tag",
                wanted=f"{tagged}, as the tag {tag} says",
                found=claim.commit,
                where=f"{claim.path}: {METADATA}: git_commit",
                hint="do not trust this release; get it again from where it came",
            )


def _tags(claim: Claim) -> tuple[str, ...]:
    return f"v{claim.manifest.version}", f"{claim.manifest.name}_{claim.manifest.version}"


def _refuse_other_source(claim: Claim, project: Path, release: Release) -> None:
    released = claim.folder / RELEASED_LOCK
    lock = project / LOCK
    pairs = (
        ("release.name", claim.manifest.name, release.name),
        (LOCK, _bytes_of(released), _bytes_of(lock)),
    )
    for what, wanted, found in pairs:
        if wanted != found:
            then = wanted if isinstance(wanted, str) else "the lock file that the release holds"
            raise _other_source(
                claim, what, then, found if isinstance(found, str) else "another lock file, or none"
            )


def _other_source(claim: Claim, what: str, wanted: str, found: str) -> IntegrityError:
    return IntegrityError(
        f"commit {claim.commit[:12]} is not the source of this release: {what} differs",
        wanted=wanted,
        found=found,
        where=f"{claim.path}: {METADATA}: git_commit",
        hint="do not trust this release; get it again from where it came",
    )


def _refuse_missing_tools(release: Release) -> None:
    """Every program that a step starts must be there, where the worker looks for it."""
    missing = sorted(
        {
            program
            for program in (step.command[0] for step in release.steps)
            if program != "python"
            and not (release.root / program).is_file()
            and shutil.which(program, path=search_path()) is None
        }
    )
    if missing:
        raise EnvironmentRefused(
            "tools that the steps run are missing here",
            wanted=", ".join(missing),
            found=f"no such program in {search_path()}",
            hint="install them, in the version that built the release",
        )


def _bytes_of(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() else None
