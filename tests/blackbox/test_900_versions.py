"""A second release: what commits must say, what its version must be, and what its changelog tells."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.blackbox.project import Project, copy_project, ran, released_project, write_project


def seal(project: Project, version: str = "1.0.0") -> None:
    """What `doit tag` does of it, by hand: an annotated tag whose message seals the release."""
    manifest = json.loads(project.read(f"release/{version}/MANIFEST.json"))
    done = project.tasks("verify", f"release/{version}", "--json")
    root = json.loads(done.stdout)["root"]
    message = f"tiny {version}\n\nroot: {root}\nexact_root: {manifest['exact_root']}\n"
    project.git("tag", "-a", f"v{version}", "-m", message)


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Release 1.0.0, tagged."""
    project = released_project(tmp_path_factory.mktemp("versions") / "project")
    seal(project)
    return project


def test_a_first_release_says_so(sealed: Project) -> None:
    text = sealed.read("release/1.0.0/docs/CHANGELOG.md")
    lines = text.splitlines()
    assert lines[0] == "# Changelog"
    assert lines[2].startswith("## [1.0.0] - 20")
    assert lines[4:] == ["The first release."]
    commits = json.loads(sealed.read("release/1.0.0/evidence/commits.json"))["data"]
    assert (commits["known"], commits["last"], commits["commits"]) == (True, None, [])


def test_another_tokenizer_under_a_patch_is_refused_and_bump_knows_better(
    sealed: Project, tmp_path: Path
) -> None:
    """R5, R9, R12, R17: from a change of the data to the release that says what it breaks."""
    project = copy_project(sealed, tmp_path / "project")
    project.write("data/two.txt", "beta delta epsilon\n")
    project.commit("feat(data): texts know of epsilon")
    project.write("README.md", "A tiny model of words.\n")
    vague = project.commit("misc")
    project.replace("release.toml", 'version = "1.0.0"', 'version = "1.0.1"  # ours')
    project.doit("freeze", "--update")
    project.commit("chore: freeze")

    preview = project.doit("changelog")
    assert preview.returncode == 0
    assert preview.stdout.startswith("## [1.0.1] - not released\n\nChanges since `v1.0.0`.\n\n### Features\n")
    refused = project.doit("release")
    assert refused.returncode == 1
    assert (
        f"CHANGELOG_ENTRY_VAGUE commit {vague[:12]}: wanted words that say what changed, found 'misc'"
        " (vague: words that name no change)"
    ) in refused.stdout
    assert f"COMMIT_UNCONVENTIONAL commit {vague[:12]}: wanted type: what changed" in refused.stdout
    missing = "BASELINE_MISSING baselines/1.0.0.json: wanted the committed baseline of v1.0.0, as HEAD has it"
    assert missing in refused.stdout
    assert "VERSION_TOO_LOW commit" in refused.stdout
    assert "wanted 1.1.0 or higher: a feature change since 1.0.0" in refused.stdout

    # The baseline alone: now the contract speaks, and names what breaks.
    kept = project.doit("bump", "patch")
    assert kept.returncode == 0, kept.stderr
    assert kept.stdout.splitlines()[0] == "1.0.1 stays (patch, after v1.0.0)"
    assert "too low: 'doit release' will refuse it, and wants 2.0.0 or higher" in kept.stdout
    assert "wrote baselines/1.0.0.json" in kept.stdout
    table = (
        f'\n[[changelog.reword]]\ncommit = "{vague[:9]}"\nmessage = "fix(docs): the README says what it is"\n'
    )
    project.write("release.toml", project.read("release.toml") + table)
    project.commit("chore: the baseline of 1.0.0")
    project.doit("freeze")
    refused = project.doit("release")
    assert refused.returncode == 1
    assert "the gate refused the release: version-level" in refused.stdout
    assert (
        "VERSION_TOO_LOW tensor embedding: wanted 2.0.0 or higher: a breaking change since 1.0.0, found 1.0.1,"
        " a patch version after 1.0.0, although: F32 [4] became F32 [5]"
    ) in refused.stdout
    assert "VERSION_TOO_LOW tokenizer: wanted 2.0.0 or higher" in refused.stdout
    assert "4 tokens became 5" in refused.stdout

    before = project.read("release.toml")
    dry = project.doit("bump", "auto", "--dry-run")
    assert dry.stdout.splitlines()[0] == "1.0.1 → 2.0.0 (major, after v1.0.0)"
    assert project.read("release.toml") == before
    done = project.doit("bump", "auto", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["old"], said["new"], said["part"], said["files"]) == (
        "1.0.1",
        "2.0.0",
        "major",
        ["release.toml"],
    )
    assert project.read("release.toml") == before.replace('"1.0.1"', '"2.0.0"')
    assert project.doit("bump", "auto").stdout.splitlines()[0] == "2.0.0 stays (major, after v1.0.0)"

    project.doit("freeze")
    project.commit("chore(release): 2.0.0")
    done = project.doit("release")
    assert done.returncode == 0, done.stderr
    text = project.read("release/2.0.0/docs/CHANGELOG.md")
    for line in (
        "- tensor `embedding`: F32 [4] became F32 [5]<!-- stated: evidence/contract.json sha256:",
        "- config `words`: 4 became 5<!--",
        "### Features\n\n- **data:** texts know of epsilon (",
        "### Fixes\n\n- **docs:** the README says what it is (",
        "### Model and data\n\n- weights: ",
        "### Metric changes\n\n| measured by | metric | before | after | unit | change | between | is |",
        "| `quality.json` | `mean` | 7.292<!-- evidence/baseline.json#/baseline/contract/quality/0/value sha256:",
        "-12.32 %",
    ):
        assert line in text, line
    _write_and_reproduce(project)


def _write_and_reproduce(project: Project) -> None:
    shown = project.doit("changelog").stdout
    assert "<!--" not in shown
    written = project.doit("changelog", "--write")
    assert written.stdout == "wrote the section of 2.0.0 in CHANGELOG.md\n"
    assert (
        project.doit("changelog", "--write").stdout == "already there: the section of 2.0.0 in CHANGELOG.md\n"
    )
    assert shown.splitlines()[2:] == project.read("CHANGELOG.md").splitlines()[-len(shown.splitlines()) + 2 :]
    checked = project.doit("check", "--docs")
    assert "figures traced to evidence\nno drift found\n" in checked.stdout, checked.stdout
    again = project.doit("reproduce")
    assert again.returncode == 0, again.stdout + again.stderr


def test_nothing_of_it_runs_again_when_nothing_changed(sealed: Project, tmp_path: Path) -> None:
    project = copy_project(sealed, tmp_path / "project")
    project.doit("release")
    done = project.doit("release")
    assert done.returncode == 0
    assert ran(done) == []


def test_bump_refuses_and_leaves_everything_as_it_was(sealed: Project, tmp_path: Path) -> None:
    """Whole messages; never a baseline of what does not verify, never half a bump."""
    project = copy_project(sealed, tmp_path / "project")
    before = project.read("release.toml")
    config = project.path("release/1.0.0/config.yaml")
    text = config.read_text("utf-8")
    config.chmod(0o644)
    config.write_text(text + "\n", "utf-8")
    done = project.doit("bump", "minor")
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == (
        "the release that v1.0.0 seals does not verify, so nothing is read from it"
    )
    config.write_text(text, "utf-8")
    project.path("release/1.0.0").rename(project.path("release/away"))
    done = project.doit("bump", "minor")
    assert done.returncode == 3
    assert done.stderr == (
        "neither the release 1.0.0 nor its baseline is here\n"
        "  wanted: the sealed release in release/1.0.0, or baselines/1.0.0.json\n"
        "  found:  neither\n"
        f"  where:  {project.root}\n"
        "  hint:   get the release from where it was published, or the baseline from whoever released it\n"
    )
    project.path("release/away").rename(project.path("release/1.0.0"))
    done = project.doit("bump", "minor", env={"RELEASE_VERSION": "3.0.0"})
    assert done.returncode == 3
    assert done.stderr.startswith(
        "RELEASE_VERSION is in force, so release.toml is not what says the version\n"
    )
    project.write("release.toml", before + '\n[versioning]\nfiles = ["README.md"]\n')
    done = project.doit("bump", "minor")
    assert done.returncode == 3
    assert done.stderr == (
        "a file of versioning.files does not hold the version\n"
        "  wanted: 1.0.0, to be replaced\n"
        "  found:  no such text\n"
        "  where:  README.md\n"
        "  hint:   correct the file, or remove it from versioning.files\n"
    )
    assert not project.path("baselines").exists()
    project.write("README.md", "tiny 1.0.0\n")
    done = project.doit("bump", "minor")
    assert done.returncode == 0, done.stderr
    assert project.read("README.md") == "tiny 1.1.0\n"
    assert "\nwrote baselines/1.0.0.json\nwrote README.md\nwrote release.toml\nnext:\n" in done.stdout
    kept = json.loads(project.read("baselines/1.0.0.json"))
    assert (
        kept["contract"]["exact_root"]
        == json.loads(project.read("release/1.0.0/MANIFEST.json"))["exact_root"]
    )


def test_a_baseline_of_other_contents_than_the_tag_seals_is_refused(sealed: Project, tmp_path: Path) -> None:
    project = copy_project(sealed, tmp_path / "project")
    project.doit("bump", "minor")
    project.replace("baselines/1.0.0.json", '"exact_root":"sha256:', '"exact_root":"sha256:0')
    project.write("baselines/1.0.0.json", _without_last_digit(project.read("baselines/1.0.0.json")))
    project.commit("chore(release): 1.1.0")
    done = project.doit("release")
    assert done.returncode == 1
    assert "BASELINE_INVALID baselines/1.0.0.json: wanted the release that v1.0.0 seals, " in done.stdout


def _without_last_digit(text: str) -> str:
    value = json.loads(text)
    value["contract"]["exact_root"] = value["contract"]["exact_root"][:71]
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"


def test_dates_are_versions_without_levels(tmp_path: Path) -> None:
    project = write_project(tmp_path / "project", git=False)
    project.replace("release.toml", 'version = "1.0.0"', 'version = "2026.01.31_build1"\nscheme = "calendar"')
    done = project.doit("bump", "auto", env={"SOURCE_DATE_EPOCH": "1772236800"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "2026.01.31_build1 → 2026.02.28_build1"
    assert 'version = "2026.02.28_build1"\nscheme = "calendar"' in project.read("release.toml")


def test_a_release_that_was_changed_is_not_told_of(sealed: Project, tmp_path: Path) -> None:
    """R17: the changelog of a project says what was packaged, in any encoding of the terminal."""
    project = copy_project(sealed, tmp_path / "project")
    done = project.doit("bump", "minor", "--dry-run", env={"LC_ALL": "C", "PYTHONUTF8": "0"})
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, r"1.0.0 \u2192 1.1.0 (minor, after v1.0.0)")
    file = project.path("release/1.0.0/docs/CHANGELOG.md")
    file.chmod(0o644)
    file.write_text(file.read_text("utf-8") + "\n- It is twice as good.\n", "utf-8")
    found = hashlib.sha256(file.read_bytes()).hexdigest()[:16]
    manifest = json.loads(project.read("release/1.0.0/MANIFEST.json"))
    (listed,) = [row for row in manifest["files"] if row["path"] == "docs/CHANGELOG.md"]
    done = project.doit("changelog", "--write")
    assert (done.returncode, done.stderr.splitlines()[:3]) == (
        1,
        [
            "the release on disk is not the one that was packaged",
            f"  wanted: {listed['sha256'].removeprefix('sha256:')[:16]} in docs/CHANGELOG.md, as MANIFEST.json says",
            f"  found:  {found}",
        ],
    )
    assert not project.path("CHANGELOG.md").exists()
