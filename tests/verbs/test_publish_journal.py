from pathlib import Path

import pytest

from release_tasks.records.digest import sha256
from release_tasks.verbs.publish_journal import Entry, Journal

ENTRY = Entry(step="finishing", uri="directory:/srv", root=sha256("a" * 64))


def test_what_is_written_is_read_and_the_last_step_counts(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "store")
    assert journal.read() is None
    journal.write(Entry(step="staging", uri=ENTRY.uri, root=ENTRY.root))
    journal.write(ENTRY)
    assert Journal(tmp_path, "store").read() == ENTRY
    assert Journal(tmp_path, "other").read() is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]\n",
        b'{"root":"sha256:0","schema_version":1,"step":"staging","uri":"x"}\n',
        b'{"root":"' + b"0" * 64 + b'","schema_version":1,"step":"jumping","uri":"x"}\n',
    ],
)
def test_what_cannot_be_read_is_no_hint(tmp_path: Path, data: bytes) -> None:
    Journal(tmp_path, "store").write(ENTRY)
    (tmp_path / "journal/store.json").write_bytes(data)
    assert Journal(tmp_path, "store").read() is None
