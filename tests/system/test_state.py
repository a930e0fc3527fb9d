from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release_tasks.errors import StorageError
from release_tasks.system import state
from release_tasks.system.state import StateDatabase


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "state.sqlite"


def silent(text: str) -> None:
    raise AssertionError(f"unexpected notice: {text}")


def opened(path: Path) -> StateDatabase:
    return StateDatabase(path, notice=silent)


def test_rows_are_there_for_the_next_process(path: Path) -> None:
    database = opened(path)
    database.put([("a", "1"), ("b", ""), ("c/é", "zwei\n")])
    database.put([("a", "2")])
    database.close()
    database.close()
    again = opened(path)
    assert [again.get(key) for key in ("a", "b", "c/é", "d")] == ["2", "", "zwei\n", None]
    again.remove("a")
    assert again.get("a") is None
    again.remove_all()
    assert list(again.scan("")) == []


@given(
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=4), st.text(max_size=4)),
    st.text("ab/%_", max_size=2),
)
@settings(max_examples=30, deadline=None)
def test_a_scan_yields_the_rows_of_a_prefix_in_order(
    tmp_path_factory: pytest.TempPathFactory, rows: dict[str, str], prefix: str
) -> None:
    rows = {key: value for key, value in rows.items() if not any("\ud800" <= c <= "\udfff" for c in value)}
    rows |= {"ab": "1", "a%": "2", "a/": "3", "b": "4"}
    database = opened(tmp_path_factory.mktemp("db") / "s.sqlite")
    database.put(rows.items())
    wanted = sorted(item for item in rows.items() if item[0].startswith(prefix))
    assert list(database.scan(prefix)) == wanted
    database.close()


@pytest.mark.parametrize(
    "forgery",
    [
        "UPDATE state SET value = 'forged' WHERE key = 'a'",
        "UPDATE state SET seal = NULL WHERE key = 'a'",
        "UPDATE state SET value = NULL WHERE key = 'a'",
        "UPDATE state SET value = x'00ff' WHERE key = 'a'",
        "UPDATE state SET seal = (SELECT seal FROM state WHERE key = 'b') WHERE key = 'a'",
        "UPDATE OR REPLACE state SET key = 'a' WHERE key = 'b'",  # a sound row under another name
    ],
)
def test_a_row_whose_checksum_fails_does_not_exist(path: Path, forgery: str) -> None:
    database = opened(path)
    database.put([("a", "true"), ("b", "other"), ("c", "sound")])
    database.close()
    raw = sqlite3.connect(path)
    with raw:
        raw.execute(forgery)
    raw.close()
    database = opened(path)
    assert database.get("a") is None
    assert "a" not in dict(database.scan(""))
    assert database.get("c") == "sound"
    database.put([("a", "again")])
    assert database.get("a") == "again"


GARBAGE = {
    "text": b"this is not a database, it only stands where one should be\n" * 40,
    "zeros": b"\0" * 8192,
    "magic only": b"SQLite format 3\0" + b"\xff" * 4080,
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_a_file_that_is_no_database_is_rebuilt_with_one_notice(path: Path, garbage: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(garbage)
    notices: list[str] = []
    database = StateDatabase(path, notice=notices.append)
    assert database.get("a") is None
    database.put([("a", "1")])
    database.close()
    assert len(notices) == 1
    assert notices[0].startswith("note: state.sqlite could not be read (")
    assert notices[0].endswith("); it is rebuilt, steps are checked again")
    assert opened(path).get("a") == "1"


def many(path: Path) -> int:
    database = opened(path)
    database.put([(f"key/{number:05}", "value " * 20) for number in range(2000)])
    database.close()
    return path.stat().st_size


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.99])
def test_a_database_that_was_cut_is_rebuilt_with_one_notice(path: Path, share: float) -> None:
    size = many(path)
    os.truncate(path, int(size * share))
    notices: list[str] = []
    database = StateDatabase(path, notice=notices.append)
    list(database.scan("key/"))
    database.put([("a", "1")])
    assert database.get("a") == "1"
    assert len(notices) == 1


@pytest.mark.parametrize("at", [0.1, 0.5, 0.9])
def test_a_page_of_garbage_never_gives_a_wrong_row(path: Path, at: float) -> None:
    size = many(path)
    with path.open("r+b") as file:
        file.seek(int(size * at))
        file.write(os.urandom(4096))
    notices: list[str] = []
    database = StateDatabase(path, notice=notices.append)
    for number in range(2000):
        assert database.get(f"key/{number:05}") in {"value " * 20, None}
    assert len(notices) <= 1
    database.put([("a", "1")])
    assert database.get("a") == "1"


def test_tables_of_another_version_are_rebuilt(path: Path) -> None:
    path.parent.mkdir()
    raw = sqlite3.connect(path)
    raw.execute("CREATE TABLE state (name TEXT)")
    raw.close()
    notices: list[str] = []
    database = StateDatabase(path, notice=notices.append)
    database.put([("a", "1")])
    assert database.get("a") == "1"
    assert len(notices) == 1


def test_a_locked_database_is_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another process holds is not damaged: to throw it away would lose the work of that process."""
    monkeypatch.setattr(state, "_BUSY_MS", 50)
    database = opened(path)
    database.put([("a", "1")])
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StorageError) as caught:
        database.put([("a", "2")])
    assert caught.value.what == "the state database cannot be used"
    assert "locked" in str(caught.value.found)
    assert caught.value.where == str(path)
    assert database.get("a") == "1"  # readers go on
    holder.execute("COMMIT")
    holder.close()
    database.put([("a", "2")])
    assert database.get("a") == "2"


def test_opening_a_database_that_is_locked_for_readers_too_keeps_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "_BUSY_MS", 50)
    opened(path).close()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("PRAGMA journal_mode=DELETE")
    holder.execute("INSERT INTO state VALUES ('mine', 'kept', NULL)")
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StorageError, match="the state database cannot be used"):
        opened(path)
    holder.execute("COMMIT")
    assert holder.execute("SELECT value FROM state").fetchall() == [("kept",)]
    holder.close()


def test_a_closed_connection_is_our_mistake_and_never_damage(path: Path) -> None:
    database = opened(path)
    database.put([("a", "1")])
    database.close()
    with pytest.raises(sqlite3.ProgrammingError):
        database.get("a")
    assert opened(path).get("a") == "1"


def test_a_folder_in_its_place_is_an_error_of_the_disk(tmp_path: Path) -> None:
    (tmp_path / "state.sqlite").mkdir()
    with pytest.raises(StorageError):
        opened(tmp_path / "state.sqlite")
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        opened(tmp_path / "file" / "state.sqlite")


WRITER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from release_tasks.system.state import StateDatabase
    database = StateDatabase(Path(sys.argv[1]))
    for number in range(150):
        database.put([(f"{sys.argv[2]}/{number}", "x" * 50), ("shared", f"{sys.argv[2]} {number}")])
    """
)


def test_two_processes_write_at_once_and_lose_nothing(path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(path)]
    both = [subprocess.Popen([*command, name], stderr=subprocess.PIPE) for name in ("one", "two")]
    assert [(process.communicate()[1], process.returncode) for process in both] == [(b"", 0)] * 2
    database = opened(path)
    assert [sum(1 for _ in database.scan(f"{name}/")) for name in ("one", "two")] == [150, 150]
    assert database.get("shared") in {"one 149", "two 149"}


KILLED = textwrap.dedent(
    """
    import os, signal, sys
    from pathlib import Path
    from release_tasks.system.state import StateDatabase
    database = StateDatabase(Path(sys.argv[1]))
    database.put([("done", "1")])
    os.kill(os.getpid(), signal.SIGKILL)
    """
)


@pytest.mark.skipif(not hasattr(__import__("signal"), "SIGKILL"), reason="no SIGKILL on this system")
def test_what_was_put_survives_a_kill(path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert done.returncode == -9
    assert opened(path).get("done") == "1"


def test_the_notice_goes_to_stderr(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path.parent.mkdir()
    path.write_bytes(GARBAGE["text"])
    StateDatabase(path)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
