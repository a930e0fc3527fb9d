"""Read a release directory and what stands beside it, and render its page."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterator
from pathlib import Path

from markupsafe import Markup

from release_tasks.formats.html_template import render_html
from release_tasks.policy.content_figures import shown_number
from release_tasks.policy.page import WEIGHT_ROLES, Page, Rebuilt, build_page
from release_tasks.policy.page_history import History, newest_first, read_history
from release_tasks.policy.page_lineage import HEIGHT as NODE_HEIGHT
from release_tasks.policy.page_lineage import WIDTH as NODE_WIDTH
from release_tasks.policy.page_performance import target_words
from release_tasks.policy.page_tensors import HEIGHT, WIDTH
from release_tasks.policy.rebuild_text import CLAIM, level_words, verdict_words
from release_tasks.records.baseline import BASELINES
from release_tasks.records.digest import Digest, parse_digest
from release_tasks.records.release_contents import REBUILD
from release_tasks.stages.documents_action import read_content
from release_tasks.stages.execution import Context
from release_tasks.stages.package import PACKAGE
from release_tasks.stages.page import page_path
from release_tasks.stages.records_io import read_record
from release_tasks.stages.release_manifest import read_release_manifest
from release_tasks.system.attested_report import read_attested
from release_tasks.system.disk import write_atomic
from release_tasks.system.storage import storage_errors
from release_tasks.system.svg_chart import draw_charts
from release_tasks.system.tensor_histogram import overview

_METRICS = "evidence/metrics.json"


def write_page(context: Context) -> None:
    """Render the page of the accepted candidate into `release/<version>.html`, whole or not at all.

    Raises EnvironmentRefused without matplotlib, FormatError for records that no release of ours has.
    """
    plan, root = context.plan, context.workspace.root
    context.report("drawing the charts")
    found = read_page(
        root / plan.folder, root=parse_digest(str(read_record(context.workspace, PACKAGE)["root"]))
    )
    write_atomic(root / page_path(plan), render_page(found))


def read_page(folder: Path, *, root: Digest) -> Page:
    """Read what the page of the release directory `folder` shows; `root` is the release's.

    That is the directory, the rebuild report beside it, and what earlier releases measured. Raises as
    `write_page`, StorageError when the system refuses.
    """
    manifest = read_release_manifest(folder)
    attestations = folder.parent / f"{manifest.version}.attestations"
    history, measured = _history(folder, manifest.version)
    report = attestations / REBUILD
    with storage_errors(folder):
        attested = read_attested(report, root=root)
        weights = [overview(folder, file.path) for file in manifest.files if file.role in WEIGHT_ROLES]
        used = [(path, data) for path, data in measured.items() if path in history.sources]
        if attested is not None and attested.report is not None:
            used.append((f"{attestations.name}/{REBUILD}", report.read_bytes()))
    return build_page(
        read_content(folder, manifest.files),
        manifest,
        root=root,
        rebuilt=Rebuilt()
        if attested is None
        else Rebuilt(report=attested.report, level=attested.level, why=attested.why),
        history=history,
        weights=weights,
        sources=tuple((path, hashlib.sha256(data).hexdigest()) for path, data in used),
    )


def _history(folder: Path, version: str) -> tuple[History, dict[str, bytes]]:
    """What earlier releases measured: those that stand beside this one, and committed baselines."""
    files = dict(_measured(folder))
    ordered = {path: files[path] for path in newest_first(files)}
    return read_history(ordered, before=version), ordered


def _measured(folder: Path) -> Iterator[tuple[str, bytes]]:
    home = folder.parent
    with storage_errors(home):
        for file in home.glob(f"[!.]*/{_METRICS}"):
            if file.is_file() and file.parts[-3] != folder.name:
                yield f"{home.name}/{file.parts[-3]}/{_METRICS}", file.read_bytes()
        for file in (home.parent / BASELINES).glob("[!.]*.json"):
            if file.is_file():
                yield f"{BASELINES}/{file.name}", file.read_bytes()


def render_page(page: Page) -> bytes:
    """Render one file that asks nobody for anything; raises EnvironmentRefused without matplotlib."""
    svg = {key: Markup(text) for key, text in draw_charts(page.charts).items()}  # noqa: S704 - escaped by ET
    return render_html(
        "page.html",
        style="page.css",
        page=page,
        svg=svg,
        box=(WIDTH, HEIGHT),
        node=(NODE_WIDTH, NODE_HEIGHT),
        claim=CLAIM,
        level_words=level_words,
        verdict_words=verdict_words,
        target_words=target_words,
        number=shown_number,
        quoted=shlex.quote(page.manifest.version),
    )
