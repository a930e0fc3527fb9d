"""Releases without a model, end to end: a dataset by itself, and a Python distribution (R4, K14, K22, K23, C4)."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest

import release_tasks
from tests.blackbox.project import Project, copy_project, rows, verify

ROOT = Path(release_tasks.__file__).parents[1]
PUBLISH = """
[publish.store]
uri = "directory:store"

[publish.customers]
uri = "directory:customers"
production = true
"""
TOOL = """[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "nice-tool"
version = "{version}"
description = "A tool."
requires-python = ">=3.11"
"""


def released(project: Project, *, folder: str = ".") -> Project:
    """Commit, freeze, commit and release what stands in a folder of a repository."""
    project.git("init", "-q", "-b", "main")
    project.commit("feat: first")
    inside = Project(project.path(folder))
    done = inside.tasks("freeze")
    assert done.returncode == 0, done.stdout + done.stderr
    project.commit("chore: freeze")
    done = inside.tasks("release")
    assert done.returncode == 0, done.stdout + done.stderr
    return inside


def first_of(project: Project, *args: str) -> str:
    """What a command that is refused says, in short."""
    done = project.tasks(*args)
    assert done.returncode in {1, 3}, done.stdout
    return done.stdout + done.stderr


def check_whole_road(project: Project, *, version: str, name: str, tag: str) -> None:
    """Nothing to do twice, directory and bundle verify, rebuilt at level 1, tagged, published, never to production."""
    assert rows(project.tasks("release"))["steps"].startswith("none run, ")
    for path in (f"release/{version}", f"release/{name}-{version}.zip", f"release/{name}-{version}.tar"):
        assert verify(project.path(path), root=None, tag=None, full=True, cwd=project.root).ok
    done = project.tasks("reproduce", "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["level"]["number"], report["weights"]) == (0, 1, "none"), done.stdout
    assert rows(project.tasks("release"))["seal"] == "can be sealed"
    done = project.tasks("tag")
    assert done.returncode == 0, done.stdout + done.stderr
    assert project.git("tag", "--list") == tag
    assert "customers is a production destination" in first_of(project, "publish", "customers")
    done = project.tasks("publish", "store")
    assert done.returncode == 0, done.stdout + done.stderr
    done = project.tasks("publish", "store")
    assert done.returncode == 0, done.stdout + done.stderr
    assert project.tasks("release").stdout.startswith(f"already released as {tag} at ")


# ------------------------------------------------------------------------------------------------ dataset


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The dataset of the bundled model, frozen, committed and released by itself."""
    project = Project(tmp_path_factory.mktemp("dataset") / "project")
    place = project.path("examples/tinycoder")
    shutil.copytree(
        ROOT / "examples/tinycoder",
        place,
        ignore=shutil.ignore_patterns(".release", "release", "__pycache__"),
    )
    with (place / "release.toml").open("a") as file:
        file.write(PUBLISH)
    (place / ".gitignore").write_text("/.release/\n/release/\n/store/\n")
    frozen = (place / "release.lock").read_bytes()
    inside = released(project, folder="examples/tinycoder")
    assert inside.path("release.lock").read_bytes() == frozen
    return inside


def test_r4_a_dataset_is_a_release_of_its_own(dataset: Project) -> None:
    folder = dataset.path("release/2026.11.21_build1")
    manifest = json.loads((folder / "MANIFEST.json").read_text())
    roles = {file["path"]: (file["role"], file["class"]) for file in manifest["files"]}
    assert manifest["contract"] == "dataset/1"
    assert roles["data/schema.json"] == roles["data/records/list-000.json"] == ("data", "exact")
    assert roles["evidence/dataset_statistics.json"] == ("dataset-statistics", "exact")
    assert roles["docs/DATA_CARD.md"] == ("data-card", "derived")
    assert sum(role == "data" for role, _ in roles.values()) == 1151
    assert not {role for role, _ in roles.values()} & {"weights", "tokenizer", "config", "model-card"}
    metadata = json.loads((folder / "metadata.json").read_text())
    statistics = json.loads((folder / "evidence/dataset_statistics.json").read_text())
    assert metadata["dataset_version"] == metadata["version"] == "2026.11.21_build1"
    assert metadata["dataset_hash"] == statistics["dataset_hash"]
    assert metadata["reasons"]["model_hash"] == "a release of type dataset has no model"
    verdict = json.loads((folder / "evidence/verdict.json").read_text())
    status = {gate["gate"]: gate["status"] for gate in verdict["gates"]}
    assert {name for name, found in status.items() if name.startswith("dataset") and found != "pass"} == set()
    skipped = ("weights", "weights-finite", "weights-canonical", "smoke", "parity", "bench", "checkpoint")
    assert {status[name] for name in skipped} == {"skipped"}
    assert release_tasks.load(folder).tensors() == ()


def test_k14_the_whole_road_of_a_dataset(dataset: Project, tmp_path: Path) -> None:
    project = copy_project(Project(dataset.root.parents[1]), tmp_path / "project")
    inside = Project(project.path("examples/tinycoder"))
    tag = "tinycoder-data_2026.11.21_build1"
    check_whole_road(inside, version="2026.11.21_build1", name="tinycoder-data", tag=tag)


def test_r8_other_data_under_the_same_version_refuse(dataset: Project, tmp_path: Path) -> None:
    project = copy_project(Project(dataset.root.parents[1]), tmp_path / "project")
    inside = Project(project.path("examples/tinycoder"))
    inside.write("data/records/list-000.json", inside.read("data/records/list-001.json"))
    assert "DATASET_VERSION_REUSED" in first_of(inside, "freeze", "--update")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '[dataset]\nversion = "2026.11.21_build1"',
            '[dataset]\nversion = "2026.11.21_build2"',
            (
                "the version of the data is not that of their release\n"
                "  wanted: 2026.11.21_build1, as release.version\n"
                "  found:  2026.11.21_build2\n"
                "  where:  release.toml: dataset.version\n"
            ),
        ),
        (
            "[cards]",
            '[artifacts]\nmodel = "model.safetensors"\n\n[cards]',
            (
                "unknown key\n"
                "  wanted: one of extra\n"
                "  found:  model\n"
                "  where:  release.toml: artifacts.model\n"
                '  hint:   it belongs to a release of type = "model"\n'
            ),
        ),
        (
            '[release]\nname = "tinycoder-data"\nversion = "2026.11.21_build1"',
            '[release]\nname = "tinycoder-data"\nversion = "1.0.0"',
            (
                "version is not a calendar version\n"
                "  wanted: YYYY.MM.DD_buildN or YYYY.MM.DD_hotfixN, N from 1\n"
                "  found:  '1.0.0'\n"
            ),
        ),
    ],
    ids=["version", "weights", "scheme"],
)
def test_what_a_dataset_cannot_say(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = (ROOT / "examples/tinycoder/release.toml").read_text("utf-8")
    assert text.count(old) == 1
    project = Project(tmp_path)
    project.write("release.toml", text.replace(old, new))
    assert message in first_of(project, "check")


# ------------------------------------------------------------------------------------------------ tooling


def tool(folder: Path, *args: str, version: str = "1.2.0") -> Project:
    """A Python project as `init --type tooling` leaves it, with both bundles and two destinations."""
    project = Project(folder)
    project.write("pyproject.toml", TOOL.format(version=version))
    project.write("nice_tool/__init__.py", '"""A tool."""\n')
    done = project.tasks("init", "--type", "tooling", *args)
    assert done.returncode == 0, done.stderr
    project.replace("release.toml", '# bundles = ["zip"]  # zip, tar, both or []', 'bundles = ["zip", "tar"]')
    project.write("release.toml", project.read("release.toml") + PUBLISH)
    project.write(".gitignore", project.read(".gitignore") + "/store/\n")
    return project


@pytest.fixture(scope="module")
def tooling(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return released(tool(tmp_path_factory.mktemp("tooling") / "project"))


def test_r4_tooling_is_a_wheel_and_its_sources(tooling: Project) -> None:
    folder = tooling.path("release/1.2.0")
    manifest = json.loads((folder / "MANIFEST.json").read_text())
    roles = {file["role"]: (file["path"], file["class"]) for file in manifest["files"]}
    assert manifest["contract"] == "tooling/1"
    assert roles["wheel"] == ("nice_tool-1.2.0-py3-none-any.whl", "exact")
    assert roles["sdist"] == ("nice_tool-1.2.0.tar.gz", "exact")
    scanned = json.loads((folder / "evidence/secrets.json").read_text())["data"]["scanned"]
    assert "nice_tool-1.2.0-py3-none-any.whl/nice_tool/__init__.py" in scanned
    smoke = json.loads((folder / "evidence/smoke.json").read_text())["data"]
    assert (smoke["sample_ok"], smoke["sample"]) == (True, "imported nice_tool\n")
    assert "  python -m pip install --no-index --no-deps nice_tool-1.2.0-py3-none-any.whl\n" in (
        folder / "README.txt"
    ).read_text("utf-8")


def test_k14_the_whole_road_of_tooling(tooling: Project, tmp_path: Path) -> None:
    project = copy_project(tooling, tmp_path / "project")
    check_whole_road(project, version="1.2.0", name="nice-tool", tag="v1.2.0")


def test_c4_a_fallback_version_is_never_released(tmp_path: Path) -> None:
    project = tool(tmp_path / "project", "--release-version", "0.0.0-dev", version="0.0.0.dev0")
    project.git("init", "-q", "-b", "main")
    project.commit("feat: first")
    done = project.tasks("freeze")
    assert done.returncode == 0, done.stderr
    project.commit("chore: freeze")
    said = first_of(project, "release")
    assert (
        "DISTRIBUTION_FALLBACK_VERSION nice_tool-0.0.0.dev0-py3-none-any.whl: wanted a version that somebody "
        "chose, found 0.0.0.dev0: 0.0.0 stands where no version was found\n"
    ) in said
    assert not project.path("release/0.0.0-dev").exists()


def test_a_wheel_that_was_edited_after_it_was_built_is_refused(tooling: Project, tmp_path: Path) -> None:
    """DISTRIBUTION_RECORD_MISMATCH, and the pickle beside it; both archives are judged as they lie there."""
    project = copy_project(tooling, tmp_path / "project")
    text = project.read("release.toml")
    wheel = "dist/nice_tool-1.2.0-py3-none-any.whl"
    text = text.replace(
        "backend.build_sdist('dist')\"",
        f"backend.build_sdist('dist'); import zipfile; zipfile.ZipFile('{wheel}', 'a').writestr("
        "zipfile.ZipInfo('nice_tool/more.py'), 'import os')\"",
    )
    project.write("release.toml", text)
    done = project.tasks("freeze", "--update")
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(project.path(wheel)) as archive:
        assert "nice_tool/more.py" in archive.namelist()
    said = first_of(project, "release")
    assert (
        "DISTRIBUTION_RECORD_MISMATCH nice_tool-1.2.0-py3-none-any.whl: nice_tool/more.py: wanted the members "
        "that RECORD lists, found RECORD does not list it\n"
    ) in said


@pytest.mark.slow
def test_k14_release_tasks_releases_itself(tmp_path: Path) -> None:
    """The wheel of this very source: built, judged, installed, rebuilt from the commit to the same bytes."""
    project = Project(tmp_path / "project")
    ignored = shutil.ignore_patterns(".release", "release", "dist", "__pycache__")
    for name in ("release_tasks", "examples/own_release"):
        shutil.copytree(ROOT / name, project.path(name), ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, project.path(name))
    project.replace("examples/own_release/release.toml", "[smoke]", PUBLISH + "\n[smoke]")
    (project.path("examples/own_release/.gitignore")).write_text("/.release/\n/release/\n/dist/\n/store/\n")
    inside = released(project, folder="examples/own_release")
    version = release_tasks.__version__
    check_whole_road(inside, version=version, name="release_tasks", tag=f"v{version}")
    with zipfile.ZipFile(inside.path(f"release/{version}/release_tasks-{version}-py3-none-any.whl")) as wheel:
        assert {item.compress_type for item in wheel.infolist()} == {zipfile.ZIP_STORED}
        ours = (ROOT / "release_tasks/records/version.py").read_bytes()
        assert wheel.read("release_tasks/records/version.py") == ours
