"""A sealed version never changes, whoever asks and however; a candidate may."""

from __future__ import annotations

import subprocess

import pytest
from project import SEALABLE, Project, contents, normal, ran, rows, snapshot


@pytest.fixture
def sealed(released: Project) -> Project:
    """A released project whose version has its tag."""
    released.git("tag", "v1.0.0")
    released.doit("release")
    return released


def test_a_tagged_version_is_left_alone(sealed: Project) -> None:
    before = snapshot(sealed.path("release"))
    commit = sealed.git("rev-parse", "--short=12", "HEAD")
    for _ in range(2):
        done = sealed.doit("release")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"already released as v1.0.0 at {commit}; nothing to do\n"
        sealed.write("README.md", "A later commit.\n")
        sealed.commit()
    assert snapshot(sealed.path("release")) == before


def test_a_receipt_seals_as_a_tag_does(released: Project) -> None:
    released.write("release/1.0.0.attestations/receipts/hub.json", "{}\n")
    before = snapshot(released.path("release"))
    done = released.doit("release")
    assert (done.returncode, done.stdout) == (
        0,
        "already released as receipts in 1.0.0.attestations; nothing to do\n",
    )
    assert snapshot(released.path("release")) == before


def test_a_changed_input_of_a_sealed_version_is_refused(sealed: Project) -> None:
    before = snapshot(sealed.path("release"))
    sealed.write("data/one.txt", "zeta\n")
    done = sealed.doit("release")
    assert done.returncode == 1
    assert "(LOCK_INPUTS_CHANGED)" in done.stdout
    frozen = sealed.doit("freeze", "--update")
    assert (frozen.returncode, frozen.stdout, frozen.stderr) == (
        1,
        "",
        (
            "1.0.0 is already released: its lock stays as it is\n"
            "  hint: raise release.version in release.toml first\n"
        ),
    )
    assert snapshot(sealed.path("release")) == before


def test_exact_files_that_would_differ_are_refused(sealed: Project) -> None:
    before = snapshot(sealed.path("release"))
    sealed.write("data/one.txt", "zeta\n")
    sealed.path("release.lock").unlink()
    assert sealed.doit("freeze").returncode == 0
    done = sealed.doit("release")
    assert done.returncode == 1
    assert normal(done.stderr, sealed) == (
        "1.0.0 is already released, and these files would differ\n"
        "  wanted: exact_root sha256:HEX64\n"
        "  found:  config.json, evidence/quality.json, model.safetensors, tokenizer.json\n"
        "  where:  release/1.0.0\n"
        "  hint:   a released version never changes: raise release.version in release.toml\n"
    )
    assert snapshot(sealed.path("release")) == before


def test_single_tasks_cannot_replace_or_reject_a_sealed_version(sealed: Project) -> None:
    before = contents(sealed.path("release"))
    sealed.write("README.md", "A later commit.\n")
    sealed.commit()
    done = sealed.doit("run", "accept")
    assert done.returncode == 1
    assert "FAILED  gate" in done.stdout  # the tag is another commit's
    assert "VERSION_TAKEN v1.0.0: wanted a version that no other commit bears" in done.stdout
    assert contents(sealed.path("release")) == before
    sealed.git("tag", "-f", "v1.0.0")
    done = sealed.doit("run", "accept")
    assert done.returncode == 1
    assert "1.0.0 is already released\n" in done.stdout
    assert contents(sealed.path("release/1.0.0")) == {
        name.removeprefix("1.0.0/"): data for name, data in before.items() if name.startswith("1.0.0/")
    }


def test_a_new_version_is_released_beside_the_sealed_one(sealed: Project) -> None:
    before = snapshot(sealed.path("release/1.0.0"))
    sealed.replace("release.toml", 'version = "1.0.0"', 'version = "1.1.0"')
    sealed.commit()
    done = sealed.doit("release")
    assert (done.returncode, rows(done)["release"], rows(done)["seal"]) == (0, "tiny 1.1.0", SEALABLE)
    assert "step:train" not in ran(done)
    assert snapshot(sealed.path("release/1.0.0")) == before


def test_a_refusal_moves_an_unsealed_candidate_aside(released: Project) -> None:
    tree = contents(released.path("release/1.0.0"))
    released.write("scripts/smoke.py", "print('def (')\n")
    assert released.doit("freeze", "--update").returncode == 0
    done = released.doit("release")
    assert done.returncode == 1
    assert normal(done.stdout, released).endswith(
        "FAILED  gate\n"
        "\n"
        "the gate refused the release: smoke\n"
        "  found: SMOKE_SAMPLE_REFUSED [smoke] check: wanted a sample that passes the check python, "
        "found SyntaxError: invalid syntax (sample.py, line 1)\n"
        "  where: .release/records/verdict.json\n"
        "  hint:  look at the sample: it does not compile\n"
        "\n"
        "\n"
        "release    tiny 1.0.0\n"
        "steps      5 run, 8 up to date\n"
        "result     refused\n"
    )
    assert [path.name for path in released.path("release").iterdir()] == [".rejected"]
    assert contents(released.path("release/.rejected/1.0.0")) == tree
    released.git("checkout", "-q", "--", ".")
    mended = released.doit("release")
    assert (mended.returncode, rows(mended)["seal"]) == (0, SEALABLE)


def test_a_refusal_moves_no_sealed_version(released: Project) -> None:
    released.write("scripts/smoke.py", "print('def (')\n")
    assert released.doit("freeze", "--update").returncode == 0
    released.write("release/1.0.0.attestations/receipts/hub.json", "{}\n")
    before = snapshot(released.path("release"))
    done = released.doit("run", "gate")
    assert done.returncode == 1
    assert "the gate refused the release: smoke" in done.stdout
    assert snapshot(released.path("release")) == before


def test_under_ci_a_shallow_clone_replaces_nothing(released: Project) -> None:
    clone = Project(released.root.with_name("clone"))
    subprocess.run(
        ["git", "clone", "-q", "--depth", "1", f"file://{released.root}", str(clone.root)],
        check=True,
        capture_output=True,
    )
    # Its changelog and its last release are unknown as well, which refuse unless somebody answers for that.
    clone.replace("release_policy.yml", "gates:\n", "gates:\n  changelog: soft\n  version-level: soft\n")
    clone.commit()
    ci = {"CI": "true"}
    assert clone.doit("release", env=ci).returncode == 0  # there was nothing to replace
    clone.write("README.md", "A later commit.\n")
    clone.commit()
    before = contents(clone.path("release/1.0.0"))
    done = clone.doit("release", env=ci)
    assert done.returncode == 1
    assert (
        "FAILED  accept\n"
        "\n"
        "1.0.0 may be released already: this clone cannot tell (SEAL_UNKNOWN)\n"
        "  wanted: a clone that would have the tag v1.0.0\n"
        "  found:  a shallow clone, or one without tags, and CI is set\n"
        "  where:  release/1.0.0\n"
        "  hint:   fetch history and tags first: git fetch --unshallow --tags\n"
    ) in done.stdout
    assert contents(clone.path("release/1.0.0")) == before
    assert clone.doit("release").returncode == 0
