from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import FormatError
from release_tasks.records.digest import Digest, parse_digest, sha256, short_digest

HEX = hashlib.sha256(b"").hexdigest()


@given(st.sampled_from(["sha256", "blake3"]), st.binary(min_size=32, max_size=32))
def test_a_digest_reads_back_as_it_was_written(algorithm: str, data: bytes) -> None:
    digest = Digest(algorithm, data.hex())
    assert parse_digest(str(digest)) == digest
    assert digest.short == data.hex()[:16]


@pytest.mark.parametrize(
    "text",
    [
        HEX,
        f"md5:{HEX}",
        f"sha256:{HEX.upper()}",
        f"sha256:{HEX[:-1]}",
        f"sha256:{HEX}0",
        f"sha256:{HEX}\n",
        f" sha256:{HEX}",
        f"SHA256:{HEX}",
        "sha256:" + "٠" * 64,
        "",
    ],
)
def test_anything_else_is_no_digest(text: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_digest(text)
    assert caught.value.what == "not a digest"
    assert caught.value.found == text[:100]


@pytest.mark.parametrize(
    ("algorithm", "hex_digits"), [("md5", HEX), ("sha256", HEX[:40]), ("sha256", HEX + "\n")]
)
def test_a_digest_cannot_be_made_wrong(algorithm: str, hex_digits: str) -> None:
    """Hashes are SHA-256 in full, never MD5, never shortened (settled table)."""
    with pytest.raises(FormatError, match="not a digest"):
        Digest(algorithm, hex_digits)


def test_sha256_names_hex_digits() -> None:
    assert str(sha256(HEX)) == f"sha256:{HEX}"


def test_a_written_digest_is_shortened_for_people() -> None:
    assert short_digest(f"sha256:0123456789abcdef{'0' * 48}") == "0123456789abcdef"
    assert short_digest("c" * 40) == "c" * 16  # a commit
    assert (short_digest(None), short_digest(None, absent="absent")) == ("nothing", "absent")
