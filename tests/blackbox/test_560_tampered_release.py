"""A release that somebody changed after it was made is never verified, whatever was changed and however little."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from blake3 import blake3

from release_tasks.formats.canonical_json import dump_canonical, parse_canonical
from release_tasks.formats.checksum_file import dump_checksums
from release_tasks.records.digest import Digest
from release_tasks.records.identity import exact_root
from release_tasks.records.manifest import manifest_from_json
from tests.blackbox.foreign import HEAD, freeze_and_release, project, run

FLIPS = 40
HEAD_OF_BOTH = HEAD + 'bundles = ["zip", "tar"]\n'


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder `release/` of a project, with a directory, a zip and a tar."""
    folder = project(tmp_path_factory.mktemp("made") / "p", head=HEAD_OF_BOTH)
    assert freeze_and_release(folder).code == 0
    return folder / "release"


@pytest.fixture
def release(made: Path, tmp_path: Path) -> Path:
    """A copy of the release directory that may be written to."""
    folder = tmp_path / "0.1.0"
    shutil.copytree(made / "0.1.0", folder)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def root_of(folder: Path) -> str:
    report = json.loads(run(folder.parent, "verify", folder.name, "--json").out)
    assert report["ok"] is True
    return str(report["root"])


def problems(folder: Path, *options: str) -> str:
    """The problems that the command prints for a release that must not be verified."""
    done = run(folder.parent, "verify", folder.name, *options)
    assert (done.code, done.err) == (1, ""), done.text
    lines = done.out.splitlines()
    count = int(lines[0].rpartition("NOT VERIFIED, ")[2].split()[0])
    found = [
        line
        for line in lines[1:]
        if not line.startswith(("  root ", "  exact_root ", "  files ", "  digests "))
    ]
    assert len([line for line in found if not line.startswith("  ")]) == count
    return "\n".join(found)


def test_an_empty_checksum_file_is_found(release: Path) -> None:
    first = (release / "checksum.txt").read_text("ascii").splitlines()[0]
    (release / "checksum.txt").write_bytes(b"")
    assert problems(release) == (
        f"CHECKSUM_MISMATCH checksum.txt\n  wanted: line 1: {first}\n  found:  an empty file"
    )


def test_a_short_checksum_file_is_found(release: Path) -> None:
    lines = (release / "checksum.txt").read_text("ascii").splitlines(keepends=True)
    (release / "checksum.txt").write_text("".join(lines[:-1]), "ascii")
    assert problems(release) == (
        "CHECKSUM_MISMATCH checksum.txt\n"
        f"  wanted: line {len(lines)}: {lines[-1].strip()}\n"
        f"  found:  line {len(lines)}: the end"
    )


def test_a_checksum_file_with_a_line_too_many_is_found(release: Path) -> None:
    count = len((release / "checksum.txt").read_text("ascii").splitlines())
    with (release / "checksum.txt").open("a", encoding="ascii") as file:
        file.write(f"{'0' * 64}  zzz.txt\n")
    assert problems(release) == (
        "CHECKSUM_MISMATCH checksum.txt\n"
        f"  wanted: line {count + 1}: the end\n"
        f"  found:  line {count + 1}: {'0' * 64}  zzz.txt"
    )


def remove_checksums(release: Path) -> None:
    (release / "checksum.txt").unlink()


def remove_config(release: Path) -> None:
    (release / "config.yaml").unlink()


def remove_manifest(release: Path) -> None:
    (release / "MANIFEST.json").unlink()


def add_file(release: Path) -> None:
    (release / "evidence" / "extra.json").write_text("{}\n")


def add_folder(release: Path) -> None:
    (release / "more").mkdir()


def link_config(release: Path) -> None:
    (release / "config.yaml").unlink()
    (release / "config.yaml").symlink_to("config.json")


def pipe_config(release: Path) -> None:
    (release / "config.yaml").unlink()
    os.mkfifo(release / "config.yaml")


def execute_config(release: Path) -> None:
    (release / "config.yaml").chmod(0o755)


SIZE = len(b"hidden_size: 3\nmodel_type: stranger\n")
CHANGES: tuple[tuple[Callable[[Path], None], str], ...] = (
    (remove_checksums, "MISSING_FILE checksum.txt\n  wanted: the checksums of every file\n  found:  none"),
    (remove_config, f"MISSING_FILE config.yaml\n  wanted: {SIZE} bytes\n  found:  none"),
    (
        remove_manifest,
        "MISSING_FILE MANIFEST.json\n  wanted: the list of all files, at most 67108864 bytes\n  found:  none",
    ),
    (
        add_file,
        "EXTRA_FILE evidence/extra.json\n  wanted: only files that MANIFEST.json lists\n  found:  3 bytes",
    ),
    (add_folder, "EMPTY_DIRECTORY more\n  wanted: files\n  found:  none"),
    (
        link_config,
        (
            "SPECIAL_FILE config.yaml\n  wanted: a regular file\n  found:  a symbolic link\n"
            f"MISSING_FILE config.yaml\n  wanted: {SIZE} bytes\n  found:  none"
        ),
    ),
    (
        pipe_config,
        (
            "SPECIAL_FILE config.yaml\n  wanted: a regular file\n  found:  a named pipe\n"
            f"MISSING_FILE config.yaml\n  wanted: {SIZE} bytes\n  found:  none"
        ),
    ),
    (execute_config, "MODE config.yaml\n  wanted: a plain file, as 0644 or 0444\n  found:  0755: executable"),
)


@pytest.mark.parametrize(("change", "text"), CHANGES, ids=[change.__name__ for change, _ in CHANGES])
def test_what_is_missing_extra_or_no_file_is_found(
    release: Path, change: Callable[[Path], None], text: str
) -> None:
    change(release)
    assert problems(release) == text


def flip(path: Path, random_: random.Random) -> int:
    data = bytearray(path.read_bytes())
    position = random_.randrange(len(data))
    data[position] ^= 1 << random_.randrange(8)
    path.write_bytes(data)
    return position


def test_a_flipped_bit_anywhere_is_found(made: Path, tmp_path: Path) -> None:
    def attack(number: int) -> str | None:
        random_ = random.Random(number)
        copy = tmp_path / str(number)
        names = sorted(
            path.relative_to(made).as_posix()
            for path in made.rglob("*")
            if path.is_file()
            and (path.relative_to(made).parts[0] == "0.1.0" or path.suffix in {".zip", ".tar"})
        )
        name = names[number % len(names)]  # every file once, then again
        top = name.split("/")[0]
        if top == "0.1.0":
            shutil.copytree(made / top, copy / top)
        else:
            copy.mkdir()
            shutil.copy2(made / top, copy / top)
        (copy / name).chmod(0o644)
        position = flip(copy / name, random_)
        done = run(copy, "verify", top, "--json")
        report = json.loads(done.out) if done.out else {}
        noticed = done.code == 1 and report.get("ok") is False and report["problems"]
        whole = top != "0.1.0" or name.endswith(
            ("/MANIFEST.json", "/checksum.txt")
        )  # they speak of all files
        named = whole or any(one["path"] == name.partition("/")[2] for one in report.get("problems", ()))
        return None if noticed and named else f"{name} at {position}: {done.text}"

    with ThreadPoolExecutor(2) as pool:
        assert [missed for missed in pool.map(attack, range(FLIPS)) if missed] == []


def test_a_manifest_whose_two_hashes_speak_of_different_bytes_is_found(release: Path) -> None:
    honest = root_of(release)
    shown, stated = b"hidden_size: 4\nmodel_type: stranger\n", (release / "config.yaml").read_bytes()
    manifest = manifest_from_json(parse_canonical((release / "MANIFEST.json").read_bytes()))
    forged = tuple(
        replace(file, entry=replace(file.entry, blake3=Digest("blake3", blake3(shown).hexdigest())))
        if file.path == "config.yaml"
        else file
        for file in manifest.files
    )
    exact = exact_root(file.entry for file in forged if file.cls == "exact")
    metadata = json.loads((release / "metadata.json").read_bytes()) | {"exact_root": str(exact)}
    described = dump_canonical(metadata)
    forged = tuple(
        replace(
            file,
            entry=replace(
                file.entry,
                size=len(described),
                sha256=Digest("sha256", hashlib.sha256(described).hexdigest()),
                blake3=Digest("blake3", blake3(described).hexdigest()),
            ),
        )
        if file.path == "metadata.json"
        else file
        for file in forged
    )
    data = dump_canonical(replace(manifest, exact_root=exact, files=forged).to_json())
    (release / "MANIFEST.json").write_bytes(data)
    (release / "metadata.json").write_bytes(described)
    (release / "config.yaml").write_bytes(shown)
    lines = [(file.path, file.entry.sha256) for file in forged]
    lines.append(("MANIFEST.json", Digest("sha256", hashlib.sha256(data).hexdigest())))
    (release / "checksum.txt").write_bytes(dump_checksums(lines))

    # The quick look believes the stated SHA-256 and says so; --full and a known root do not.
    quick = run(release.parent, "verify", release.name)
    assert quick.out.splitlines()[0] == "stranger 0.1.0: consistent, origin unproven"
    assert "  digests     blake3: recomputed, sha256: as stated" in quick.out.splitlines()
    full = problems(release, "--full")
    assert (
        "DIGEST_MISMATCH config.yaml\n"
        f"  wanted: sha256:{hashlib.sha256(stated).hexdigest()}\n"
        f"  found:  sha256:{hashlib.sha256(shown).hexdigest()}"
    ) in full
    anchored = problems(release, "--root", honest)
    assert anchored.startswith(f"ROOT_MISMATCH .\n  wanted: {honest}\n  found:  sha256:")


def test_a_root_that_somebody_told_us_must_be_this_one(release: Path) -> None:
    honest = root_of(release)
    done = run(release.parent, "verify", release.name, "--root", honest)
    assert done.code == 0
    assert done.out.splitlines()[0] == "stranger 0.1.0: verified, root as given"
    other = f"sha256:{'0' * 64}"
    assert problems(release, "--root", other) == f"ROOT_MISMATCH .\n  wanted: {other}\n  found:  {honest}"
    nonsense = run(release.parent, "verify", release.name, "--root", "abc")
    assert nonsense.code == 3
    assert nonsense.err == "--root is not a root\n  wanted: 64 lower-case hex digits\n  found:  abc\n"


def test_what_is_no_release_is_said_to_be_none(tmp_path: Path) -> None:
    nowhere = run(tmp_path, "verify", "nowhere")
    assert (nowhere.code, nowhere.err) == (
        3,
        (
            "no such release\n"
            "  wanted: a release directory, a tar or a zip\n"
            "  found:  nothing\n"
            f"  where:  {tmp_path / 'nowhere'}\n"
        ),
    )
    both = run(tmp_path, "verify")
    assert (both.code, both.err) == (
        3,
        "wrong number of paths\n  wanted: one path: a release directory, tar or zip\n  found:  none\n",
    )
