"""K11: a thousand builds in one process, forty through the command, bundles with a delay between: one digest."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from release_tasks.records.identity import root
from release_tasks.records.manifest import MANIFEST, manifest_from_json
from release_tasks.stages.bundle_action import write_archive
from release_tasks.stages.package_action import render_release
from release_tasks.stages.records_io import read_object
from release_tasks.system.stat_key import GRANULARITY_NS
from tests.blackbox.project import Project, wait_for, write_project
from tests.fakes.small_project import small_project

IN_PROCESS, BY_COMMAND = 1000, 40
ENDS = {"tar": ".tar", "zip": ".zip"}


def test_a_thousand_builds_in_one_process_have_one_digest(tmp_path: Path) -> None:
    """K11: never skipped; every build writes, reads back and describes every file of the release."""
    project = small_project(tmp_path).run_up_to("gate")
    context = project.context(project.step("package"))
    digests = set()
    for _ in range(IN_PROCESS):
        _, entries = render_release(context)
        digests.add(root(entries))
    assert len(digests) == 1


def test_bundles_with_a_delay_between_are_identical(tmp_path: Path) -> None:
    """K11: the clock has moved on by more than any time stamp of a tar or zip could hide."""
    project = small_project(tmp_path).run_up_to("gate")
    manifest, entries = render_release(project.context(project.step("package")))
    folder = tmp_path / project.plan.staging
    bundles: dict[str, set[bytes]] = {kind: set() for kind in ENDS}
    for number in range(2):
        for kind, end in ENDS.items():
            final = tmp_path / f"bundle-{number}{end}"
            write_archive(folder, "tiny-1.0.0", kind, final, root=str(root(entries)))
            bundles[kind].add(final.read_bytes())
        began_ns = final.stat().st_mtime_ns
        later = tmp_path / "later"
        # A zip counts in steps of two seconds, a tar in one.
        wait_for(lambda began=began_ns, later=later: _now_ns(later) > began + 2_000_000_000 + GRANULARITY_NS)
        for path in folder.rglob("*"):
            if path.is_file():
                path.chmod(0o644)
                path.touch()
    assert {kind: len(found) for kind, found in bundles.items()} == {"tar": 1, "zip": 1}
    assert manifest.version == "1.0.0"


def _now_ns(file: Path) -> int:
    file.touch()
    return file.stat().st_mtime_ns


@pytest.mark.slow
def test_forty_builds_through_the_command_have_one_digest(tmp_path: Path) -> None:
    """K11: each starts from nothing but the commit, and trains, measures and packages anew."""
    project = write_project(tmp_path)
    assert project.doit("freeze").returncode == 0
    project.commit("freeze")
    found = set()
    for _ in range(BY_COMMAND):
        for name in ("build", "release", ".release"):
            shutil.rmtree(project.path(name), ignore_errors=True)
        done = project.doit("release")
        assert done.returncode == 0, done.stdout + done.stderr
        found.add(_exact(project))
    assert len(found) == 1


def _exact(project: Project) -> tuple[tuple[str, str], ...]:
    """Every exact file of the release with its digest, and the exact root."""
    manifest = manifest_from_json(read_object(project.path(f"release/1.0.0/{MANIFEST}"), where=MANIFEST))
    files = ((file.path, str(file.entry.sha256)) for file in manifest.files if file.cls == "exact")
    return (*files, ("exact_root", str(manifest.exact_root)))
