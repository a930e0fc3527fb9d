from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import ConfigError, IntegrityError
from release_tasks.records.digest import Digest
from release_tasks.records.manifest import manifest_from_json
from release_tasks.records.release_contents import Problem, ProblemCode
from release_tasks.verbs.verify import VerifyReport, parse_root, render_text, root_of_tag, verify
from tests.fakes.release_tree import archive, release_files, restate, root_of, seal, write_release

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "release_tasks" / "schemas" / "verify-report.schema.json").read_text("utf-8")
)
FILES = release_files()
ROOT = root_of(FILES)
BYTES = sum(map(len, FILES.values()))
NEEDS_GIT = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def run(path: Path, *, root: str | None = None, tag: str | None = None, full: bool = False) -> VerifyReport:
    return verify(path, root=root, tag=tag, full=full, cwd=path.parent)


def codes(report: VerifyReport) -> set[tuple[str, str]]:
    return {(str(one.code), one.path) for one in report.problems}


@pytest.fixture
def release(tmp_path: Path) -> Path:
    return write_release(tmp_path / "1.0.0", FILES)


def test_a_whole_release_without_an_anchor_is_consistent_only(release: Path) -> None:
    report = run(release)
    assert render_text(report) == (
        "tiny 1.0.0: consistent, origin unproven\n"
        f"  root        {ROOT}\n"
        f"  exact_root  {report.exact_root}\n"
        f"  files       10, {BYTES} bytes\n"
        "  digests     blake3: recomputed, sha256: as stated\n"
    )
    assert report.to_json() == {
        "ok": True,
        "version": "1.0.0",
        "root": str(ROOT),
        "exact_root": str(report.exact_root),
        "anchor": None,
        "level": None,
        "problems": [],
        "sha256": "as stated",
        "tensors": "as stated",
        "name": "tiny",
        "files": 10,
        "bytes": BYTES,
        "rebuild": None,
        "signature": None,
        "yanked": None,
    }


@pytest.mark.parametrize("kind", ["tar", "zip"])
@pytest.mark.parametrize("full", [False, True])
def test_a_directory_and_its_bundles_have_one_root(release: Path, kind: str, full: bool) -> None:  # noqa: FBT001
    bundle = release.parent / f"tiny-1.0.0.{kind}"
    bundle.write_bytes(archive(FILES, kind))
    ours, theirs = run(bundle, full=full, root=ROOT.hex), run(release, full=full, root=str(ROOT))
    assert ours.to_json() == theirs.to_json()
    assert ours.ok
    assert ours.sha256 == ("recomputed" if full else "as stated")


def test_an_anchor_that_holds_and_one_that_does_not(release: Path) -> None:
    assert render_text(run(release, root=str(ROOT))).startswith("tiny 1.0.0: verified, root as given\n")
    other = f"sha256:{'0' * 64}"
    report = run(release, root=other)
    assert not report.ok
    assert render_text(report) == (
        "tiny 1.0.0: NOT VERIFIED, 1 problem\n"
        f"  root        {ROOT}\n"
        f"  exact_root  {report.exact_root}\n"
        f"  files       10, {BYTES} bytes\n"
        "  digests     blake3: recomputed, sha256: as stated\n"
        "ROOT_MISMATCH .\n"
        f"  wanted: {other}\n"
        f"  found:  {ROOT}\n"
    )


def test_every_flipped_byte_is_found_in_the_default_mode(release: Path) -> None:
    pick = random.Random(2)
    places = [(path, at) for path, data in sorted(FILES.items()) for at in range(len(data))]
    chosen = pick.sample(places, 400) + [(path, 0) for path in FILES]
    assert {path for path, _ in chosen} == set(FILES)
    for path, at in chosen:
        bad = bytearray(FILES[path])
        bad[at] ^= 1 << pick.randrange(8)
        (release / path).write_bytes(bad)
        assert not run(release).ok, f"{path}, byte {at}"
        (release / path).write_bytes(FILES[path])
    assert run(release).ok


def swap_for_a_link(release: Path) -> None:
    twin = release.parent / "twin"
    (release / "model.safetensors").rename(twin)
    (release / "model.safetensors").symlink_to(twin)


ATTACKS: dict[str, tuple[Callable[[Path], object], set[tuple[str, str]]]] = {
    "truncated": (
        lambda r: os.truncate(r / "README.txt", 3),
        {("SIZE_MISMATCH", "README.txt")},
    ),
    "extra": (lambda r: (r / "docs.py").write_text("x"), {("EXTRA_FILE", "docs.py")}),
    "missing": (lambda r: (r / "README.txt").unlink(), {("MISSING_FILE", "README.txt")}),
    "renamed": (
        lambda r: (r / "README.txt").rename(r / "READ.txt"),
        {("MISSING_FILE", "README.txt"), ("EXTRA_FILE", "READ.txt")},
    ),
    "a link to the same bytes": (
        swap_for_a_link,
        {("SPECIAL_FILE", "model.safetensors"), ("MISSING_FILE", "model.safetensors")},
    ),
    "empty checksums": (
        lambda r: (r / "checksum.txt").write_bytes(b""),
        {("CHECKSUM_MISMATCH", "checksum.txt")},
    ),
    "short checksums": (
        lambda r: (r / "checksum.txt").write_bytes(FILES["checksum.txt"][:81]),
        {("CHECKSUM_MISMATCH", "checksum.txt")},
    ),
    "no checksums": (lambda r: (r / "checksum.txt").unlink(), {("MISSING_FILE", "checksum.txt")}),
    "no manifest": (lambda r: (r / "MANIFEST.json").unlink(), {("MISSING_FILE", "MANIFEST.json")}),
    "empty folder": (lambda r: (r / "docs").mkdir(), {("EMPTY_DIRECTORY", "docs")}),
    "executable": (lambda r: (r / "README.txt").chmod(0o755), {("MODE", "README.txt")}),
}


@pytest.mark.skipif(os.name == "nt", reason="links and modes of POSIX")
@pytest.mark.parametrize(("attack", "wanted"), ATTACKS.values(), ids=ATTACKS)
def test_attacks_are_named(
    release: Path, attack: Callable[[Path], object], wanted: set[tuple[str, str]]
) -> None:
    attack(release)
    for full in (False, True):
        report = run(release, full=full)
        assert codes(report) == wanted
        jsonschema.validate(report.to_json(), SCHEMA)


def test_what_coreutils_says_of_the_checksums_agrees(release: Path) -> None:
    if shutil.which("sha256sum") is None:
        pytest.skip("sha256sum is not installed")
    subprocess.run(["sha256sum", "-c", "--strict", "--quiet", "checksum.txt"], cwd=release, check=True)


def test_a_path_that_is_not_there_is_bad_usage(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        run(tmp_path / "nope")
    assert caught.value.exit_code == 3
    assert caught.value.what == "no such release"


def test_a_path_is_looked_up_from_cwd(release: Path) -> None:
    assert verify(Path("1.0.0"), root=None, tag=None, full=False, cwd=release.parent).ok


@pytest.mark.parametrize(
    "text", ["", "sha256:", "0" * 63, "G" * 64, "A" * 64, "blake3:" + "0" * 64, "٠" * 64]
)
def test_what_is_no_root_is_bad_usage(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_root(text)
    assert caught.value.wanted == "64 lower-case hex digits"


def test_two_anchors_are_bad_usage(release: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        run(release, root=ROOT.hex, tag="v1.0.0")
    assert str(caught.value) == "two anchors were given\n  wanted: --root or --tag\n  found:  both"


def git(folder: Path, *args: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "tag.gpgsign=false"]
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", *identity, *args], cwd=folder, env=env, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "clone"
    folder.mkdir()
    git(folder, "init", "-q")
    git(folder, "commit", "-q", "--allow-empty", "--no-gpg-sign", "-m", "first")
    return folder


@NEEDS_GIT
def test_the_root_of_an_annotated_tag_is_an_anchor(release: Path, repository: Path) -> None:
    git(repository, "tag", "-a", "v1.0.0", "-m", f"tiny 1.0.0\n\nroot: {ROOT}\nmore text\n")
    (repository / "sub").mkdir()
    report = verify(release, root=None, tag="v1.0.0", full=False, cwd=repository / "sub")
    assert render_text(report).startswith("tiny 1.0.0: verified, root as tagged\n")
    assert report.anchor == "tag"
    (release / "README.txt").write_bytes(b"An evil release.")
    report = verify(release, root=None, tag="v1.0.0", full=False, cwd=repository)
    assert codes(report) == {("DIGEST_MISMATCH", "README.txt"), ("ROOT_MISMATCH", ".")}


@NEEDS_GIT
def test_a_tag_that_binds_nothing_is_no_anchor(repository: Path) -> None:
    git(repository, "tag", "light")
    git(repository, "tag", "-a", "silent", "-m", "nothing here")
    git(repository, "tag", "-a", "double", "-m", f"root: {ROOT}\nroot: sha256:{'0' * 64}")
    git(repository, "tag", "-a", "short", "-m", "root: sha256:00")
    git(repository, "tag", "-a", "other", "-m", f"root: blake3:{'0' * 64}")
    found = {"light": "a lightweight tag", "silent": "no such line", "short": "sha256:00"}
    found |= {"double": f"sha256:{'0' * 64}, {ROOT}", "other": f"blake3:{'0' * 64}"}
    for tag, text in found.items():
        with pytest.raises(IntegrityError) as caught:
            root_of_tag(repository, tag)
        assert (caught.value.what, caught.value.found) == (f"tag {tag} is no anchor", text)


@NEEDS_GIT
def test_no_tag_no_repository_and_no_name_are_bad_usage(repository: Path, tmp_path: Path) -> None:
    git(repository, "tag", "-a", "v1.0.0", "-m", f"root: {ROOT}")
    for folder, tag in ((repository, "v2.0.0"), (tmp_path, "v1.0.0")):
        with pytest.raises(ConfigError) as caught:
            root_of_tag(folder, tag)
        assert caught.value.found == "no such tag, or no git repository"
    for tag in ("v*", "--help", "", "v1.0.0 ", "v1^{}"):  # a pattern would match a tag of another name
        with pytest.raises(ConfigError) as caught:
            root_of_tag(repository, tag)
        assert caught.value.what == "--tag is not the name of a tag"


CHILD = """
import sys
from pathlib import Path
from release_tasks.verbs.verify import render_text, verify
print(render_text(verify(Path("."), root=None, tag=None, full=True, cwd=Path.cwd())))
import release_tasks.verbs.verify
assert "numpy" not in sys.modules and "yaml" not in sys.modules, "verify must stay light"
"""


def test_it_is_safe_and_light_inside_a_folder_of_hostile_modules(release: Path) -> None:
    trap = "open('/'.join([__import__('os').getcwd(), 'TRAPPED']), 'w').close(); raise SystemExit(99)\n"
    names = [
        "blake3",
        "hashlib",
        "json",
        "tarfile",
        "zipfile",
        "release_tasks",
        "sitecustomize",
        "git",
        "numpy",
    ]
    for name in names:
        (release / f"{name}.py").write_text(trap)
    done = subprocess.run(
        [sys.executable, "-P", "-c", CHILD], cwd=release, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert not (release / "TRAPPED").exists()
    assert "tiny 1.0.0: NOT VERIFIED, 9 problems\n" in done.stdout
    assert all(f"EXTRA_FILE {name}.py\n" in done.stdout for name in names)


def report_of(problems: tuple[Problem, ...], name: str) -> VerifyReport:
    return VerifyReport(
        ok=not problems,
        version="1",
        root=None,
        exact_root=None,
        anchor=None,
        level=None,
        problems=problems,
        sha256="as stated",
        tensors="as stated",
        name=name,
        files=0,
        bytes=0,
    )


@given(st.text(max_size=20), st.text(max_size=20))
def test_no_name_paints_over_the_terminal(name: str, path: str) -> None:
    problem = Problem(code=ProblemCode.PATH, path=path, wanted="x", found=path)
    text = render_text(report_of((problem,), name))
    assert text.count("\n") == 6
    assert text.replace("\n", "").isprintable()


def test_a_flood_of_problems_is_cut_in_the_text_and_whole_in_json() -> None:
    problem = Problem(code=ProblemCode.PATH, path="p", wanted="x", found="y")
    report = report_of((problem,) * 60, "n")
    assert render_text(report).endswith("and 10 more problems; --json lists all\n")
    problems = report.to_json()["problems"]
    assert isinstance(problems, list)
    assert len(problems) == 60


def test_a_wrong_tensor_digest_is_found_where_tensors_are_asked_for(tmp_path: Path) -> None:
    honest = manifest_from_json(json.loads(FILES["MANIFEST.json"]))
    weights = next(file for file in honest.files if file.path == "model.safetensors")
    assert weights.tensors is not None
    nothing = Digest("blake3", "0" * 64)
    lies = replace(weights.tensors, tensors=tuple((name, nothing) for name, _ in weights.tensors.tensors))
    rest = {path: data for path, data in FILES.items() if path not in {"MANIFEST.json", "checksum.txt"}}
    folder = write_release(tmp_path / "r", seal(rest, restate(honest, "model.safetensors", tensors=lies)))
    quick = run(folder, full=True)
    assert (quick.ok, quick.tensors) == (True, "as stated")
    thorough = verify(folder, root=None, tag=None, full=False, tensors=True, cwd=tmp_path)
    assert (thorough.ok, thorough.sha256, thorough.tensors) == (False, "recomputed", "recomputed")
    assert {str(problem.code) for problem in thorough.problems} == {"TENSOR_MISMATCH"}
    assert "  digests     blake3: recomputed, sha256: recomputed, tensors: recomputed\n" in render_text(
        thorough
    )
