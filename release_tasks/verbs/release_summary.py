"""The end of `doit release`: what was decided, where it is, and whether it could be sealed."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence

from release_tasks.errors import SealedError
from release_tasks.policy.trust_payload import mode_flags, skipped_gates, undeclared_name
from release_tasks.records.code_table import CODES
from release_tasks.records.digest import parse_digest
from release_tasks.records.manifest import MANIFEST, manifest_from_json
from release_tasks.records.release_contents import REBUILD
from release_tasks.records.step import Step
from release_tasks.records.verdict import Verdict, verdict_from_json
from release_tasks.stages.accept import ACCEPTANCE
from release_tasks.stages.bundle import bundle_path
from release_tasks.stages.evidence import exact_records
from release_tasks.stages.gate import TRUST, VERDICT
from release_tasks.stages.layout import place_artifacts
from release_tasks.stages.package import PACKAGE
from release_tasks.stages.page import page_path
from release_tasks.stages.plan import Plan
from release_tasks.stages.records_io import read_object, read_record
from release_tasks.stages.workspace import Workspace
from release_tasks.system.seal import Seal, read_seal
from release_tasks.verbs.seal_evidence import seal_forecast

REPRODUCIBLE = "reproducible"  # the row of the acceptance table that only a rebuild can show


def seal_of(plan: Plan) -> Seal | None:
    """What seals the version of the plan, or None while it is a candidate; nothing seals an experiment."""
    if plan.mode.experimental:
        return None
    root = plan.release.root
    return read_seal(root, plan.release.version.tag_name(plan.release.name), root / plan.attestations)


def judged_when_sealed(plan: Plan, steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps that still run for a sealed version: those that show whether its exact files would differ."""
    exact = set(exact_records(plan).values())
    return tuple(
        step
        for step in steps
        if step.verb in {"frozen", "step", "artifacts"} or exact & {write.path for write in step.writes}
    )


def already_released(plan: Plan, workspace: Workspace, seal: Seal) -> str:
    """Say that nothing is to be done for a sealed version; raises SealedError when files would differ."""
    folder = workspace.root / plan.folder
    manifest = manifest_from_json(read_object(folder / MANIFEST, where=f"{plan.folder}/{MANIFEST}"))
    sealed = {file.path: file.entry.sha256 for file in manifest.files if file.cls == "exact"}
    now = {
        item.name: workspace.index.sha256(item.declared)
        for item in place_artifacts(plan, workspace)
        if not item.rendered
    }
    now |= {name: workspace.index.sha256(path) for name, path in exact_records(plan).items()}
    differing = sorted(
        {name for name, digest in now.items() if sealed.get(name) != digest}
        | {name for name in sealed if name not in now and name != "config.yaml"}
    )
    if differing:
        raise SealedError(
            f"{plan.release.version.text} is already released, and these files would differ",
            wanted=f"exact_root {manifest.exact_root}",
            found=", ".join(differing),
            where=plan.folder,
            hint="a released version never changes: raise release.version in release.toml",
        )
    at = f" at {seal.commit[:12]}" if seal.commit else ""
    return f"already released as {seal.name}{at}; nothing to do\n"


def gate_table(workspace: Workspace, *, width: int | None) -> str:
    """The recorded verdict as `verdict_table` shows it; raises FormatError for a damaged record."""
    from release_tasks.verbs.verdict_table import render_verdict  # noqa: PLC0415 - only when needed

    verdict = verdict_from_json(read_record(workspace, VERDICT), where=VERDICT)
    return render_verdict(verdict, read_record(workspace, TRUST), width=width)


def _seal_line(plan: Plan, workspace: Workspace) -> str:
    verdict = seal_forecast(plan, workspace)
    if verdict.accepted:
        return "can be sealed"
    reasons = [
        f"{finding.code} ({finding.found})"
        for gate in verdict.gates
        if gate.status == "fail"
        for finding in gate.findings
    ]
    return "not yet: " + ", ".join(reasons)


def _gate_rows(verdict: Verdict) -> Iterator[tuple[str, str]]:
    """How many gates passed, which did not and why, who answers for what, and what nobody asked for."""
    named = {
        status: [gate.gate for gate in verdict.gates if gate.status == status]
        for status in ("pass", "warn", "waived", "off")
    }
    counts = [f"{len(named['pass'])} passed"]
    for status, word in (("warn", "warned"), ("waived", "waived"), ("off", "off")):
        if named[status]:
            counts.append(f"{len(named[status])} {word}: {', '.join(named[status])}")
    yield "gates", ", ".join(counts)
    for gate in verdict.gates:
        for finding in gate.findings if gate.status == "warn" else ():
            yield "", f"{finding.code} {finding.subject}: found {finding.found}"
            yield "", f"  {CODES[finding.code].recommendation}"
        for item in gate.waived:
            waived = f"{item.finding.code} {item.finding.subject}: found {item.finding.found}"
            yield "", f"{waived}\n  waived by {item.by} until {item.expires}: {item.reason}"
    if skipped := skipped_gates(verdict.gates):
        count = sum(map(len, skipped.values()))
        yield "skipped", f"{count}, not declared: {', '.join(map(undeclared_name, skipped))}"


def _staged_rows(verdict: Verdict, workspace: Workspace) -> Iterator[tuple[str, str]]:
    """The warnings about packaged bytes that no gate gave before packaging."""
    told = {(str(item.code), item.subject) for gate in verdict.gates for item in gate.findings}
    scan = read_record(workspace, ACCEPTANCE).get("scan")
    for gate in scan if isinstance(scan, list) else ():
        found = gate["findings"] if isinstance(gate, dict) and gate["status"] == "warn" else ()
        for item in found if isinstance(found, list) else ():
            if isinstance(item, dict) and (item["code"], item["subject"]) not in told:
                yield "", f"{item['code']} {item['subject']}: found {item['found']}"
                yield "", f"  {item['recommendation']}"


def _accepted_rows(workspace: Workspace, *, rebuilt: bool) -> Iterator[tuple[str, str]]:
    """The acceptance table of R28, by what is shown; a rebuild since then shows that it is reproducible."""
    table = read_record(workspace, ACCEPTANCE)["table"]
    rows = [row for row in table if isinstance(row, dict)] if isinstance(table, list) else []
    shown = [
        ("yes" if rebuilt and row["row"] == REPRODUCIBLE else row["status"], str(row["row"])) for row in rows
    ]
    for status in ("yes", "no", "not shown"):
        names = ", ".join(name for state, name in shown if state == status)
        if names:
            yield ("accepted" if status == "yes" else ""), names if status == "yes" else f"{status}: {names}"


def summarize(plan: Plan, workspace: Workspace, *, executed: int, standing: int, code: int) -> str:
    """The closing table of `doit release`; after a failure only what the gates said, if they were asked."""
    steps = f"{executed} run, {standing} up to date" if executed else f"none run, {standing} up to date"
    rows: list[tuple[str, str]] = [("release", f"{plan.release.name} {plan.release.version.text}")]
    rows.append(("steps", steps))
    if code:
        rows.append(("result", "refused" if code == 1 else "failed"))
    else:
        rows += _candidate_rows(plan, workspace)
    lines = []
    for name, text in rows:
        first, *more = text.splitlines()
        lines += [f"{name:<11}{first}".rstrip(), *(f"{'':<11}{line}" for line in more)]
    return "\n" + "\n".join(lines) + "\n"


def _level(plan: Plan, workspace: Workspace, root: str) -> tuple[int | None, str]:
    """The level that the rebuild report beside the release earns, and how it is said."""
    file = workspace.root / plan.attestations / REBUILD
    if not file.is_file():
        return None, "none: nothing of it was rebuilt yet"
    from release_tasks.policy.rebuild_text import level_words  # noqa: PLC0415 - only where there is one
    from release_tasks.verbs.rebuild_evidence import read_attested  # noqa: PLC0415

    attested = read_attested(file, root=parse_digest(root))
    if attested is None or attested.level is None:
        return None, f"none: {REBUILD} does not count, {attested.why if attested else 'it is gone'}"
    return attested.level.number, f"{level_words(attested.level)} (unsigned: a claim)"


def _candidate_rows(plan: Plan, workspace: Workspace) -> Iterator[tuple[str, str]]:
    verdict = verdict_from_json(read_record(workspace, VERDICT), where=VERDICT)
    package = read_record(workspace, PACKAGE)
    where = os.path.relpath(workspace.root / plan.folder)
    yield from _gate_rows(verdict)
    yield from _staged_rows(verdict, workspace)
    if flags := mode_flags(verdict.mode):
        yield "asked with", f"{', '.join(flags)}: never publishable"
    level, words = _level(plan, workspace, str(package["root"]))
    yield from _accepted_rows(workspace, rebuilt=level is not None and level > 0)
    yield "level", words
    yield "root", str(package["root"])
    yield "exact_root", str(package["exact_root"])
    yield "directory", where
    for kind in plan.release.bundles:
        yield "bundle", os.path.relpath(workspace.root / bundle_path(plan, kind))
    if plan.release.page:
        yield "page", os.path.relpath(workspace.root / page_path(plan))
    yield "seal", _seal_line(plan, workspace)
    yield "verify", f"release-tasks verify {shlex.quote(where)} --root {package['root']}"
