"""The state database: checked rows in SQLite, thrown away and rebuilt when they cannot be read.

It is a hint that saves work, never a proof: whatever is packaged, verified or sealed is hashed again.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from release_tasks.errors import StorageError
from release_tasks.system.storage import storage_errors

_SCHEMA = "CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, value TEXT, seal BLOB) WITHOUT ROWID"
_FROM = "SELECT key, value, seal FROM state WHERE key >= ? ORDER BY key"
_BETWEEN = "SELECT key, value, seal FROM state WHERE key >= ? AND key < ? ORDER BY key"
_BUSY_MS = 10_000
# Not a database, torn, or with other tables (sqlite.org/rescode.html); extended codes begin with these. At
# any other error nothing is wrong with the file itself: to throw it away would mend nothing.
_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR")


def _notice(text: str) -> None:
    sys.stderr.write(text + "\n")


def _seal(key: str, value: str) -> bytes:
    return hashlib.blake2b(f"{key}\0{value}".encode(), digest_size=8).digest()


class StateDatabase:
    """Text rows by key, each with a checksum; a row that fails it does not exist.

    Opening locks nothing: readers and the processes of `-n` share it through SQLite's WAL. Every method
    raises StorageError when the database is sound but cannot be used (locked for 10 s, disk full, read-only).
    """

    def __init__(self, path: Path, *, notice: Callable[[str], None] = _notice) -> None:
        self._path = path
        self._notice = notice
        self._connection = self._open()

    def _open(self) -> sqlite3.Connection:
        with storage_errors(self._path.parent):
            self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return self._connect()
        except sqlite3.DatabaseError as error:
            self._refuse_whole(error)
            return self._recover(error)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_BUSY_MS / 1000, isolation_level="DEFERRED")
        try:
            _use_wal(connection)
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute(_SCHEMA)
            connection.execute("SELECT key, value, seal FROM state LIMIT 1").fetchone()
        except BaseException:
            connection.close()
            raise
        return connection

    def _recover(self, error: sqlite3.DatabaseError) -> sqlite3.Connection:
        with contextlib.suppress(AttributeError, sqlite3.Error):
            self._connection.close()
        for suffix in ("", "-wal", "-shm", "-journal"):
            Path(f"{self._path}{suffix}").unlink(missing_ok=True)
        self._notice(
            f"note: {self._path.name} could not be read ({error}); it is rebuilt, steps are checked again"
        )
        self._connection = self._connect()
        return self._connection

    def get(self, key: str) -> str | None:
        """Return the value of a row, or None when it is absent or damaged."""
        try:
            row = self._connection.execute("SELECT value, seal FROM state WHERE key = ?", (key,)).fetchone()
        except sqlite3.DatabaseError as error:
            self._refuse_whole(error)
            self._recover(error)
            return None
        return _checked(key, row)

    def scan(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Yield every sound row whose key starts with `prefix`, in the order of keys."""
        after = _after(prefix)
        try:
            if after is None:
                rows = self._connection.execute(_FROM, (prefix,)).fetchall()
            else:
                rows = self._connection.execute(_BETWEEN, (prefix, after)).fetchall()
        except sqlite3.DatabaseError as error:
            self._refuse_whole(error)
            self._recover(error)
            return
        for key, value, seal in rows:
            sound = _checked(key, (value, seal))
            if sound is not None:
                yield key, sound

    def put(self, rows: Iterable[tuple[str, str]]) -> None:
        """Write rows and commit them at once, so that a kill a moment later loses nothing."""
        sealed = [(key, value, _seal(key, value)) for key, value in rows]
        self._write("INSERT OR REPLACE INTO state VALUES (?, ?, ?)", sealed)

    def remove(self, key: str) -> None:
        """Delete one row."""
        self._write("DELETE FROM state WHERE key = ?", [(key,)])

    def remove_all(self) -> None:
        """Delete every row."""
        self._write("DELETE FROM state", [()])

    def _write(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        try:
            with self._connection:
                self._connection.executemany(statement, rows)
        except sqlite3.DatabaseError as error:
            self._refuse_whole(error)
            self._recover(error)
            with self._connection:
                self._connection.executemany(statement, rows)

    def _refuse_whole(self, error: sqlite3.DatabaseError) -> None:
        code = getattr(error, "sqlite_errorname", None)
        if code is None:  # a mistake of ours, such as a connection that is closed
            raise error
        if not code.startswith(_DAMAGED):
            raise StorageError(
                "the state database cannot be used",
                found=str(error),
                where=str(self._path),
                hint="check owner, mode and free space of its folder, and that no other run is stuck",
            ) from error

    def close(self) -> None:
        """Close the connection; closing twice is harmless."""
        self._connection.close()

    def __del__(self) -> None:
        # Held as long as its process by whoever checks files; Python 3.13 warns of a connection dropped open.
        with contextlib.suppress(AttributeError, sqlite3.Error):
            self._connection.close()


def _after(prefix: str) -> str | None:
    """The first text after all that start with `prefix`, None when there is none (order of code points)."""
    for at in reversed(range(len(prefix))):
        code = ord(prefix[at])
        if code < sys.maxunicode:
            return prefix[:at] + chr(0xE000 if code == 0xD7FF else code + 1)  # no halves of surrogates
    return None


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL; while another process switches too, SQLite fails at once, whatever the timeout is."""
    until = time.monotonic() + _BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.005)
        else:
            return


def _checked(key: str, row: tuple[object, object] | None) -> str | None:
    if row is None:
        return None
    value, seal = row
    if not isinstance(value, str) or seal != _seal(key, value):
        return None
    return value
