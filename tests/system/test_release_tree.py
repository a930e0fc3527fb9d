from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from release_tasks.errors import ConfigError, IntegrityError
from release_tasks.records.release_contents import Contents
from release_tasks.system import release_tree
from release_tasks.system.hashing import FileDigests, digest_file
from release_tasks.system.release_tree import list_release, read_release_tree
from tests.fakes.release_tree import SHARDED, entry, release_files, tensor_digests, write_release

POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has neither modes nor these kinds of files")


def told(contents: Contents) -> list[tuple[str, str, str, str]]:
    return [(str(one.code), one.path, one.wanted, one.found) for one in contents.problems]


def test_default_reads_every_blake3_and_the_sha256_of_its_own_records(tmp_path: Path) -> None:
    files = release_files()
    contents = read_release_tree(write_release(tmp_path / "r", files))
    assert told(contents) == []
    assert [one.path for one in contents.files] == sorted(files)
    for one in contents.files:
        wanted = entry(one.path, files[one.path])
        assert (one.size, one.blake3) == (wanted.size, wanted.blake3)
        own = one.path in {"MANIFEST.json", "checksum.txt", "metadata.json", "evidence/verdict.json"}
        assert one.sha256 == (wanted.sha256 if own else None)
        assert contents.kept.get(one.path) == (files[one.path] if own else None)
        assert one.mode == (None if os.name == "nt" else 0o644)


@pytest.mark.parametrize("parts", [None, SHARDED], ids=["one file", "shards"])
def test_full_reads_both_hashes_and_every_tensor(
    tmp_path: Path, parts: dict[str, tuple[str, str, str, bytes]] | None
) -> None:
    files = release_files() if parts is None else release_files(parts)
    contents = read_release_tree(write_release(tmp_path / "r", files), full=True)
    assert contents.tensors_read
    for one in contents.files:
        data = files[one.path]
        assert one.sha256 == entry(one.path, data).sha256
        assert one.tensors == (tensor_digests(data) if one.path.endswith(".safetensors") else None)


def test_weights_that_are_no_safetensors_have_no_tensors(tmp_path: Path) -> None:
    files = {**release_files(), "model.safetensors": b"\xff" * 40, "cut.safetensors": b"123"}
    contents = read_release_tree(write_release(tmp_path / "r", files), full=True)
    assert told(contents) == []
    assert [one.tensors for one in contents.files if one.path.endswith(".safetensors")] == [None, None]


def test_roles_can_be_kept_or_left_unread(tmp_path: Path) -> None:
    files = release_files()
    folder = write_release(tmp_path / "r", files)
    contents = read_release_tree(folder, keep=frozenset({"config"}), skip=frozenset({"weights"}))
    found = {one.path: one for one in contents.files}
    assert contents.kept["config.json"] == files["config.json"]
    weights = found["model.safetensors"]
    assert (weights.size, weights.sha256, weights.blake3) == (len(files["model.safetensors"]), None, None)


@POSIX
def test_links_and_special_files_are_named_and_never_opened(tmp_path: Path) -> None:
    folder = write_release(tmp_path / "r")
    secret = tmp_path / "secret"
    secret.write_text("s")
    (folder / "link").symlink_to(secret)
    (folder / "folder").symlink_to(tmp_path)
    (folder / "evidence" / "dangling").symlink_to("nowhere")
    os.mkfifo(folder / "pipe")  # opening it would wait for ever
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(folder)  # names of sockets are short
        try:
            server.bind("sock")
        finally:
            os.chdir(here)
        contents = read_release_tree(folder)
    assert told(contents) == [
        ("SPECIAL_FILE", "evidence/dangling", "a regular file", "a symbolic link"),
        ("SPECIAL_FILE", "folder", "a regular file", "a symbolic link"),
        ("SPECIAL_FILE", "link", "a regular file", "a symbolic link"),
        ("SPECIAL_FILE", "pipe", "a regular file", "a named pipe"),
        ("SPECIAL_FILE", "sock", "a regular file", "a socket"),
    ]
    assert {one.path for one in contents.files} == set(release_files())


def test_empty_folders_are_named(tmp_path: Path) -> None:
    folder = write_release(tmp_path / "r")
    (folder / "a" / "b").mkdir(parents=True)
    assert told(read_release_tree(folder)) == [("EMPTY_DIRECTORY", "a/b", "files", "none")]
    (tmp_path / "bare").mkdir()
    assert told(read_release_tree(tmp_path / "bare")) == [("EMPTY_DIRECTORY", ".", "files", "none")]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps names as any bytes")
def test_names_that_no_release_may_have_are_named_in_ascii(tmp_path: Path) -> None:
    folder = write_release(tmp_path / "r")
    for name in (b"bad\xff", b"new\nline", b"e\xcc\x81", b"a\\b", b"con.txt"):
        (folder / os.fsdecode(name)).write_bytes(b"x")
    assert [(code, path, found) for code, path, _, found in told(read_release_tree(folder))] == [
        ("PATH", "a\\\\b", "path refused: it holds a backslash"),
        ("PATH", "bad\\udcff", "path refused: it holds a control character"),
        ("PATH", "con.txt", "path refused: it has a component that Windows reserves"),
        ("PATH", "e\\u0301", "path refused: it is not in Unicode normal form C"),
        ("PATH", "new\\nline", "path refused: it holds a control character"),
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems fold case themselves")
def test_names_that_collide_elsewhere_are_named(tmp_path: Path) -> None:
    folder = write_release(tmp_path / "r")
    (folder / "readme.TXT").write_bytes(b"x")
    assert told(read_release_tree(folder)) == [
        ("PATH", "readme.TXT", "names that differ by more than case or Unicode form", "README.txt")
    ]


@POSIX
def test_modes_are_read(tmp_path: Path) -> None:
    folder = write_release(tmp_path / "r")
    (folder / "README.txt").chmod(0o4755)
    files, _ = list_release(folder)
    assert {one.path: one.mode for one in files}["README.txt"] == 0o4755


@POSIX
def test_the_named_path_itself_may_be_a_link(tmp_path: Path) -> None:
    write_release(tmp_path / "1.0.0")
    (tmp_path / "current").symlink_to("1.0.0")
    assert told(read_release_tree(tmp_path / "current")) == []


def test_no_directory_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        list_release(tmp_path / "nope")
    assert str(caught.value) == (
        "no such release\n"
        "  wanted: a release directory, a tar or a zip\n"
        "  found:  nothing\n"
        f"  where:  {tmp_path / 'nope'}"
    )


def test_a_file_that_changes_while_it_is_read_is_a_problem_of_that_file_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_release(tmp_path / "r")

    def changing(path: str, **options: object) -> FileDigests:
        if path.endswith("README.txt"):
            raise IntegrityError("the file changed while it was read", wanted="16 bytes", found="17 bytes")
        return digest_file(path, **options)  # type: ignore[arg-type]

    def all_of_them(*_args: object, **_options: object) -> list[FileDigests]:
        raise IntegrityError("the file changed while it was read")

    monkeypatch.setattr(release_tree, "digest_many", all_of_them)
    monkeypatch.setattr(release_tree, "digest_file", changing)
    contents = read_release_tree(folder)
    assert told(contents) == [("DIGEST_MISMATCH", "README.txt", "16 bytes", "17 bytes")]
    assert {one.path for one in contents.files} == set(release_files()) - {"README.txt"}
    assert all(one.blake3 is not None for one in contents.files)
