from __future__ import annotations

import contextlib
import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import FormatError
from release_tasks.formats.wheel_record import RecordRow, dump_record_digest, parse_wheel_record
from release_tasks.records.digest import sha256

EMPTY = sha256("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
PEP_376 = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"

_NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=30)
_ROWS = st.builds(
    RecordRow,
    _NAMES,
    st.none() | st.binary(min_size=32, max_size=32).map(lambda raw: sha256(raw.hex())),
    st.none() | st.integers(0, 10**18 - 1),
)


def dump(rows: list[RecordRow]) -> bytes:
    """RECORD as installers write it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        writer.writerow([row.path, row.sha256 and dump_record_digest(row.sha256), row.size])
    return text.getvalue().encode("utf-8")


def test_the_digest_of_nothing_as_the_standard_writes_it() -> None:
    assert dump_record_digest(EMPTY) == PEP_376
    rows = parse_wheel_record(f"a/b.py,{PEP_376},0\nx.dist-info/RECORD,,\n".encode(), where="RECORD")
    assert rows == (RecordRow("a/b.py", EMPTY, 0), RecordRow("x.dist-info/RECORD", None, None))


@given(st.lists(_ROWS, unique_by=lambda row: row.path, max_size=8))
def test_what_was_written_is_read(rows: list[RecordRow]) -> None:
    assert parse_wheel_record(dump(rows), where="RECORD") == tuple(rows)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(FormatError):
        parse_wheel_record(data, where="RECORD")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff,,\n", ("RECORD is not CSV\n  found: 'utf-8' codec can't decode byte 0xff in position 0: "
         "invalid start byte\n  where: RECORD")),
        (b"a,b\n", "RECORD has a line of another form\n  wanted: path,digest,size\n  found:  'a,b'\n  where:  RECORD"),
        (b"a,,-1\n", "RECORD states a size that is no number\n  found: '-1'\n  where: RECORD"),
        (b"a,,\na,,\n", "RECORD lists a member twice\n  found: 'a'\n  where: RECORD"),
        (b"a,md5=abc,1\n", ("RECORD states a digest of another form\n  wanted: sha256= and 43 characters of "
         "URL-safe base64\n  found:  'md5=abc'\n  where:  RECORD")),
    ],
)  # fmt: skip
def test_whole_message(data: bytes, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_wheel_record(data, where="RECORD")
    assert str(caught.value) == message
