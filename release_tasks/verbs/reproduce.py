"""`reproduce`: build a release again from its recorded commit, in a clean place, and say what came out."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from pathlib import Path

from release_tasks import __version__
from release_tasks.formats.canonical_json import dump_canonical
from release_tasks.policy.difference_text import difference_text
from release_tasks.policy.rebuild_level import Level, earned_level
from release_tasks.policy.rebuild_machine import machine_differences, machine_of, package_differences
from release_tasks.policy.rebuild_text import markdown_text
from release_tasks.records.diagnosis import Diagnosis
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSONObject
from release_tasks.records.rebuild import FileResult, Machine, RebuildReport
from release_tasks.records.release_contents import REBUILD
from release_tasks.stages.environment_record import environment_record
from release_tasks.stages.own_schema import check_own
from release_tasks.stages.workspace import Workspace
from release_tasks.system.clock import now
from release_tasks.system.diffoscope import diffoscope_text
from release_tasks.system.disk import write_atomic
from release_tasks.system.index import DigestIndex
from release_tasks.system.rebuild_store import RebuildStore
from release_tasks.system.source_place import fresh_place, remove_place
from release_tasks.system.state import StateDatabase
from release_tasks.system.storage import storage_errors
from release_tasks.verbs.rebuild_claim import Claim, Source, prepare_source, read_claim
from release_tasks.verbs.rebuild_diagnosis import World, compare_made, diagnose, differing_files, likenesses
from release_tasks.verbs.rebuild_files import judge_files, lay_out_artifacts, render_again
from release_tasks.verbs.rebuild_inputs import Sources
from release_tasks.verbs.rebuild_steps import Made, StepRebuild, Told, Wish

REBUILD_TEXT = "rebuild.md"
REBUILD_DIFFOSCOPE = "rebuild.diffoscope.txt"


@frozen
class Request:
    """What is to be reproduced: the release at `path`, with the clone at `project` and folders of inputs.

    `records` is the folder of rebuild records, `root` and `tag` are anchors as `verify` takes them.
    """

    path: Path
    project: Path
    records: Path
    wish: Wish
    inputs: tuple[Path, ...] = ()
    explain: bool = False
    root: str | None = None
    tag: str | None = None


@frozen
class Reproduction:
    """The report, the level that it earns, and in words which records were not believed.

    `tables` is Markdown: how each file that came out otherwise differs; `diffoscope` what that says of it,
    None where nothing differs or it is not installed.
    """

    report: RebuildReport
    level: Level
    tables: str
    diffoscope: str | None
    attestations: Path
    refused: tuple[str, ...]

    @property
    def outcome(self) -> str:
        """`mismatch`, else `inconclusive`, else `match`."""
        outcomes = {file.outcome for file in self.report.files} | {step.outcome for step in self.report.steps}
        return next((word for word in ("mismatch", "inconclusive") if word in outcomes), "match")

    def to_json(self) -> JSONObject:
        """Write rebuild.json: the report with the level that is drawn from it."""
        return {**self.report.to_json(), "level": self.level.to_json()}


def reproduce(request: Request, *, environ: Mapping[str, str], told: Told) -> Reproduction:
    """Rebuild one release and judge every file of it; nothing outside the records' folder is written.

    Raises what `read_claim` and `prepare_source` raise, and StorageError when the disk refuses. The fresh
    place is removed at the end, also after an error.
    """
    began = time.perf_counter()
    place = fresh_place()
    try:
        claim = read_claim(request.path, place, root=request.root, tag=request.tag, cwd=Path.cwd())
        source = prepare_source(claim, place, project=request.project, environ=environ)
        rebuilt = _rebuild(claim, source, request, place, told)
        seconds = round(time.perf_counter() - began, 3)
        report = _report(claim, rebuilt, seconds=seconds)
        return Reproduction(
            report=report,
            level=earned_level(report),
            tables=rebuilt.tables,
            diffoscope=rebuilt.diffoscope,
            attestations=claim.attestations,
            refused=tuple(rebuilt.refused),
        )
    finally:
        remove_place(place)


def keep_report(done: Reproduction) -> Path:
    """Write rebuild.json, its Markdown and what diffoscope says into the release's attestations.

    Returns the first. What diffoscope said of an earlier rebuild is removed.

    Raises StorageError when the system refuses.
    """
    folder = done.attestations
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    value = done.to_json()
    if any(step.outcome != "on record" for step in done.report.steps):
        check_own("rebuild", value)  # what rests on records alone is not worth the import of jsonschema
    tables = done.tables
    if done.diffoscope is None:
        with storage_errors(folder):
            (folder / REBUILD_DIFFOSCOPE).unlink(missing_ok=True)
    else:
        write_atomic(folder / REBUILD_DIFFOSCOPE, done.diffoscope.encode("utf-8"))
        tables += f"\nWhat diffoscope says: {REBUILD_DIFFOSCOPE}\n"
    write_atomic(folder / REBUILD_TEXT, markdown_text(done.report, done.level, tables=tables).encode("utf-8"))
    write_atomic(folder / REBUILD, dump_canonical(value))
    return folder / REBUILD


@frozen
class _Rebuilt:
    made: tuple[Made, ...]
    files: tuple[FileResult, ...]
    diagnosis: tuple[Diagnosis, ...]
    tables: str
    diffoscope: str | None
    packages: tuple[tuple[str, str, str], ...]
    machine: Machine
    builder: Machine | None
    refused: tuple[str, ...]


def _rebuild(claim: Claim, source: Source, request: Request, place: Path, told: Told) -> _Rebuilt:
    workspace = Workspace(source.plan.release)
    environment = environment_record(workspace, decided_at=now())
    machine = machine_of(environment)
    if machine is None:
        raise AssertionError("BUG: our own environment.json names no machine")
    builder = machine_of(claim.environment)
    store = RebuildStore(folder=request.records)
    roots = {root.name: source.working.root / root.path for root in source.working.roots}
    sources = Sources(
        release=(claim.folder, claim.manifest),
        store=store,
        working=DigestIndex(StateDatabase(place / "working.sqlite"), source.working.root, roots),
        folders=request.inputs,
    )
    steps = StepRebuild(
        claim,
        source,
        workspace=workspace,
        sources=sources,
        store=store,
        wish=request.wish,
        machine=machine,
        builder=builder,
        run=_run_id(claim, machine),
        place=place,
        told=told,
    )
    made = tuple(steps.results())
    laid_out = lay_out_artifacts(
        claim, source, workspace, sources=sources, frozen=steps.frozen, made=steps.made_paths
    )
    differing = differing_files(made, workspace)
    differences = compare_made(differing)
    rendered = render_again(claim, source, workspace, laid_out.missing)
    files = judge_files(
        claim,
        source,
        workspace,
        made=made,
        origins=laid_out.origins,
        rendered=rendered,
        alike=likenesses(differences, workspace, made, source.plan.release.reproduce),
    )
    packages = package_differences(claim.environment, environment)
    world = World(
        packages=tuple(f"{name} {now}, built with {then}" for name, then, now in packages),
        elsewhere=tuple(machine_differences(builder, machine)),
        loose=_loose(claim.environment),
    )
    return _Rebuilt(
        made=made,
        files=files,
        diagnosis=diagnose(steps, made, differences, world, explain=request.explain),
        tables=difference_text(differences),
        diffoscope=diffoscope_text(differing, scratch=place / "diffoscope"),
        packages=packages,
        machine=machine,
        builder=builder,
        refused=tuple(dict.fromkeys(steps.refused)),
    )


def _loose(environment: JSONObject) -> frozenset[str]:
    """The user's steps that the first build ran without a sandbox, by what environment.json says of it."""
    steps = environment.get("steps")
    rows = steps.items() if isinstance(steps, dict) else ()
    return frozenset(name for name, row in rows if isinstance(row, dict) and row.get("hermetic") is False)


def _run_id(claim: Claim, machine: Machine) -> str:
    """A name of this rebuild, made of what it is about, where and when."""
    facts: JSONObject = {"root": str(claim.root), "machine": machine.to_json(), "began_at": now()}
    return hashlib.sha256(b"release_tasks/rebuild/1\n" + dump_canonical(facts)).hexdigest()


def _report(claim: Claim, rebuilt: _Rebuilt, *, seconds: float) -> RebuildReport:
    weights = {file.path for file in claim.manifest.files if file.role == "weights"}
    given = any(file.outcome == "given" for file in rebuilt.files if file.path in weights)
    generator = str(claim.environment.get("generator"))
    return RebuildReport(
        name=claim.manifest.name,
        version=claim.manifest.version,
        root=claim.root,
        exact_root=claim.manifest.exact_root,
        commit=claim.commit,
        weights="none" if not weights else "given" if given else "rebuilt",
        steps=tuple(item.result for item in rebuilt.made),
        files=rebuilt.files,
        machine=rebuilt.machine,
        builder=rebuilt.builder,
        packages=rebuilt.packages,
        diagnosis=rebuilt.diagnosis,
        seconds=seconds,
        finished_at=now(),
        generator=f"release_tasks {__version__}",
        built_with=generator,
    )
