"""What `check --docs` prints: every flaw with file and line, then what was looked at."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from release_tasks.config.schema import Release
from release_tasks.formats.markdown import shortened
from release_tasks.verbs.check_documents import DocumentFlaw, check_card_sources, check_documents, has_release
from release_tasks.verbs.rebuild_claim import newest_release

_WIDEST = 160  # characters of a line that is quoted


def report_documents(folder: Path, *, as_json: bool) -> int:
    """Check the documents of a release directory, print what was found; 1 when they say what is not so."""
    report = check_documents(folder)
    if as_json:
        sys.stdout.write(json.dumps(report.to_json(), indent=2) + "\n")
        return 1 if report.flaws else 0
    shown = os.path.relpath(folder)
    _print_flaws(report.flaws, prefix=f"{shown}/")
    if report.generator is not None:
        made = shortened(report.generator)
        sys.stdout.write(f"{shown}: made by {made}, another version: its documents were not rendered again\n")
    said = f"{report.documents} documents, {report.figures} figures traced to evidence"
    verdict = "no drift found" if not report.flaws else _count(report.flaws)
    sys.stdout.write(f"{shown}: {said}\n{verdict}\n")
    return 1 if report.flaws else 0


def report_project(release: Release) -> int:
    """Check the texts of `[cards]`, and the documents of the newest release if there is one."""
    flaws = check_card_sources(release)
    _print_flaws(flaws, prefix="")
    if release.cards is None:
        sys.stdout.write("cards: none declared\n")
    else:
        sys.stdout.write(
            f"cards: {_count(flaws) if flaws else 'every section there, every number sourced'}\n"
        )
    drift = 0
    if has_release(release):
        drift = report_documents(newest_release(release), as_json=False)
    else:
        sys.stdout.write("documents: nothing is released yet\n")
    return 1 if flaws else drift


def _print_flaws(flaws: Iterable[DocumentFlaw], *, prefix: str) -> None:
    for flaw in flaws:
        wanted, found = (shortened(text, widest=_WIDEST) for text in (flaw.wanted, flaw.found))
        sys.stdout.write(f"{prefix}{flaw.path}:{flaw.line}: wanted {wanted}\n  found {found}\n")


def _count(flaws: tuple[DocumentFlaw, ...]) -> str:
    return f"{len(flaws)} problem{'' if len(flaws) == 1 else 's'} found"
