"""Judge every file of a release by a rebuild: exact ones made, derived rendered, recorded read."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from release_tasks.catalog import plan_steps
from release_tasks.errors import ReleaseError
from release_tasks.policy.recorded_files import recorded_flaws
from release_tasks.records.digest import Digest, sha256
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSONObject
from release_tasks.records.likeness import Likeness
from release_tasks.records.manifest import CHECKSUMS, MANIFEST, ManifestFile
from release_tasks.records.rebuild import FileResult, Outcome
from release_tasks.records.step import RECORDS, Class
from release_tasks.stages.evidence import exact_records, released_records
from release_tasks.stages.execution import Context
from release_tasks.stages.gate import JUDGEMENT, POLICY, RUN, TRUST, VERDICT
from release_tasks.stages.judgement import judge
from release_tasks.stages.layout import place_artifacts
from release_tasks.stages.package_action import render_release
from release_tasks.stages.records_io import write_record
from release_tasks.stages.workspace import MissingInputError, Workspace
from release_tasks.verbs.rebuild_claim import Claim, Source
from release_tasks.verbs.rebuild_inputs import Sources, is_lacking, supply_output, supply_reads
from release_tasks.verbs.rebuild_steps import Made

_NOT_LISTED = (MANIFEST, CHECKSUMS)  # derived as well, and in no manifest


@frozen
class Rendered:
    """What packaging gave once more: digest by name in the release; `why` says why it could not be done."""

    digests: Mapping[str, Digest]
    why: str | None = None


@frozen
class Origin:
    """Where a file that no step makes came from: the commit, or by digest (`given`)."""

    given: bool
    why: str | None = None


@frozen
class LaidOut:
    """Whence each artifact came that no step makes, by name in the release, and which inputs are missing."""

    origins: Mapping[str, Origin]
    missing: tuple[str, ...]


def lay_out_artifacts(
    claim: Claim,
    source: Source,
    workspace: Workspace,
    *,
    sources: Sources,
    frozen: Mapping[str, Digest],
    made: frozenset[str],
) -> LaidOut:
    """Lay out all that packaging and the gate read besides records.

    A file of the commit that is not the released one stays as it is: it is a mismatch, not something to
    mend.
    """
    workspace.index.forget()
    reads = dict.fromkeys(read for step in plan_steps(source.plan) for read in step.reads)
    declared = [read for read in reads if not (isinstance(read, str) and read.startswith(RECORDS))]
    _, missing = supply_reads(declared, workspace, sources, frozen, made)
    released = {file.path: file.entry.sha256 for file in claim.manifest.files}
    origins: dict[str, Origin] = {}
    for item in place_artifacts(source.plan, workspace):
        wanted = released.get(item.name)
        if item.declared in made or item.rendered or wanted is None:
            continue
        lacking = is_lacking(item.declared, workspace)
        if lacking:
            supply_output(item.declared, wanted, workspace, sources)
        found = workspace.index.sha256(item.declared)
        if lacking or item.declared in sources.supplied:
            why = None if found == wanted else "it is nowhere to be had"
            origins[item.name] = Origin(given=True, why=why)
        elif found == wanted:
            origins[item.name] = Origin(given=False)
        else:
            origins[item.name] = Origin(given=False, why="the commit holds other bytes")
    return LaidOut(origins=origins, missing=missing)


def render_again(claim: Claim, source: Source, workspace: Workspace, missing: Sequence[str] = ()) -> Rendered:
    """Decide and package once more over the recorded evidence, in the fresh place; nothing is measured.

    Over `missing` inputs evidence cannot be judged as it was: what then differs says nothing.
    """
    absent = _lay_out_records(claim, source, workspace)
    if absent:
        names = ", ".join(absent)
        why = f"it holds no {names}: made by {claim.environment.get('generator')}, another version than this"
        return Rendered(digests={}, why=why)
    try:
        _judge_again(claim, source, workspace)
        context = _context(claim, source, workspace, "package")
        workspace.index.forget()
        _, entries = render_release(context)
    except MissingInputError as error:
        return Rendered(digests={}, why=f"{error.path} is not to be had")
    except ReleaseError as error:
        return Rendered(digests={}, why=str(error))
    return Rendered(
        digests={entry.path: entry.sha256 for entry in entries},
        why=f"not to be had: {', '.join(missing)}" if missing else None,
    )


def _digest(path: Path) -> Digest:
    with path.open("rb") as stream:
        return sha256(hashlib.file_digest(stream, "sha256").hexdigest())


def _lay_out_records(claim: Claim, source: Source, workspace: Workspace) -> tuple[str, ...]:
    """Lay out the released records as the gate and packaging read them; returns those that are not there."""
    pairs = [(write.path, name) for write, name in released_records(source.plan)]
    pairs += [(write.path, write.path.replace(f"{RECORDS}/", "evidence/")) for write in JUDGEMENT]
    for path, name in pairs:
        target = workspace.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if (claim.folder / name).is_file():
            shutil.copyfile(claim.folder / name, target)
    workspace.index.forget()
    return tuple(name for _, name in pairs if not (claim.folder / name).is_file())


def _judge_again(claim: Claim, source: Source, workspace: Workspace) -> None:
    judgement = judge(_context(claim, source, workspace, "gate"), environment=claim.environment)
    records: tuple[tuple[str, JSONObject], ...] = (
        (POLICY, judgement.policy),
        (RUN, judgement.run),
        (TRUST, judgement.trust),
        (VERDICT, judgement.verdict.to_json()),
    )
    for path, record in records:
        write_record(workspace, path, record)


def _context(claim: Claim, source: Source, workspace: Workspace, verb: str) -> Context:
    step = next(step for step in plan_steps(source.plan) if step.verb == verb)
    facts = {
        "source": claim.commit,
        "date": source.date,
        "seal": "none",
        "numeric": workspace.numeric_id,
    }
    return Context(plan=source.plan, step=step, workspace=workspace, facts=facts, report=_silent)


def _silent(_text: str) -> None:
    """Nothing is shown of what takes a moment."""


def judge_files(
    claim: Claim,
    source: Source,
    workspace: Workspace,
    *,
    made: Sequence[Made],
    origins: Mapping[str, Origin],
    rendered: Rendered,
    alike: Mapping[str, Likeness],
) -> tuple[FileResult, ...]:
    """The result of every file of the release, MANIFEST.json and checksum.txt too, sorted by path.

    `alike` says of files that came out otherwise how alike they are still, by declared path.
    """
    outputs = {path: item for item in made for path in item.wanted}
    declared = {
        item.name: item.declared for item in place_artifacts(source.plan, workspace) if not item.rendered
    }
    declared |= exact_records(source.plan)
    results = []
    for file in claim.manifest.files:
        if file.cls == "recorded":
            results.append(_recorded(claim, file, rendered))
        elif file.cls == "exact" and declared.get(file.path) in outputs:
            path = declared[file.path]
            results.append(_made(file, path, outputs[path], alike.get(path)))
        elif file.path in origins:
            results.append(_original(file, origins[file.path]))
        else:
            results.append(_rendered(file.path, file.cls, file.entry.sha256, rendered))
    results += [_rendered(name, "derived", _digest(claim.folder / name), rendered) for name in _NOT_LISTED]
    return tuple(sorted(results, key=lambda result: result.path))


def _made(file: ManifestFile, path: str, item: Made, alike: Likeness | None) -> FileResult:
    step = item.result
    other = dict(item.other)
    found = dict(step.outputs).get(path)
    outcome: Outcome = step.outcome
    if step.outcome == "mismatch" and found == file.entry.sha256:
        outcome = "match"
    why = None
    if outcome == "mismatch":
        why = f"{step.name} made other bytes" if path in other else f"{step.name} failed"
    elif outcome == "inconclusive":
        why = f"{step.name} was not built again"
    wanted = file.entry.sha256
    return FileResult(
        path=file.path,
        cls="exact",
        outcome=outcome,
        by=step.name,
        wanted=wanted,
        found=found,
        likeness="bytes" if found == wanted else alike,
        why=why,
    )


def _original(file: ManifestFile, origin: Origin) -> FileResult:
    outcome: Outcome = "match" if not origin.given and file.role != "weights" else "given"
    why = origin.why
    if why is not None:
        outcome = "inconclusive" if origin.given else "mismatch"
    elif outcome == "given":
        why = "no step makes it" if not origin.given else "git does not hold it, and no step makes it"
    by = "given" if origin.given else "source"
    return FileResult(path=file.path, cls="exact", outcome=outcome, by=by, wanted=file.entry.sha256, why=why)


def _rendered(path: str, cls: Class, wanted: Digest, rendered: Rendered) -> FileResult:
    found = rendered.digests.get(path)
    outcome: Outcome = "match" if found == wanted else "inconclusive" if rendered.why else "mismatch"
    why = (
        rendered.why
        if outcome == "inconclusive"
        else None
        if found == wanted
        else "rendered again, it differs"
    )
    return FileResult(path=path, cls=cls, outcome=outcome, by="derived", wanted=wanted, found=found, why=why)


def _recorded(claim: Claim, file: ManifestFile, rendered: Rendered) -> FileResult:
    """A measurement is not made again: it must be of its kind, and policy and run what they follow from."""
    data = (claim.folder / file.path).read_bytes()
    flaw = next(recorded_flaws(file.path, file.role, data), None)
    found = rendered.digests.get(file.path) if file.role in {"policy", "run"} else None
    outcome: Outcome = "given" if flaw is None else "mismatch"
    if flaw is None and found is not None and found != file.entry.sha256:
        flaw = rendered.why or "it is not what source and evidence give"
        outcome = "inconclusive" if rendered.why else "mismatch"
    return FileResult(
        path=file.path,
        cls="recorded",
        outcome=outcome,
        by="recorded",
        wanted=file.entry.sha256,
        found=found,
        why=flaw,
    )
