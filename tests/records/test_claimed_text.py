from __future__ import annotations

import pytest

from release_tasks.records.claimed_text import is_commit, is_duration, is_hex64, is_machine_id, is_moment


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("2026-11-21T17:32:33Z", True),
        ("1970-01-01T00:00:00Z", True),
        ("2024-02-29T23:59:59Z", True),
        ("2026-02-29T00:00:00Z", False),
        ("2026-11-31T00:00:00Z", False),
        ("2026-11-21T24:00:00Z", False),
        ("2026-11-21T17:32:33", False),
        ("2026-11-21T17:32:33+00:00", False),
        ("2026-11-21 17:32:33Z", False),
        ("2026-11-21T7:32:33Z", False),
        ("2026-11-21T17:32:33.5Z", False),
        ("٢٠٢٦-11-21T17:32:33Z", False),
        ("2026-11-21T17:32:33Z\n", False),
        ("yesterday", False),
        ("", False),
    ],
)
def test_a_moment_is_written_as_we_write_it(text: str, *, holds: bool) -> None:
    assert is_moment(text) is holds


@pytest.mark.parametrize(
    ("seconds", "holds"),
    [
        (0, True),
        (0.25, True),
        (10**9, True),
        (10**9 + 1, False),
        (10**400, False),
        (-1, False),
        (-0.5, False),
        (True, False),
        (float("nan"), False),
        (float("inf"), False),
    ],
)
def test_a_duration_is_a_number_of_seconds_that_can_have_passed(seconds: float, *, holds: bool) -> None:
    assert is_duration(seconds) is holds


def test_keys_machines_and_commits_are_hex_of_their_lengths() -> None:
    hex64 = "0123456789abcdef" * 4
    assert is_hex64(hex64)
    assert is_machine_id(f"sha256:{hex64}")
    assert is_commit(hex64)
    assert is_commit(hex64[:40])
    for text in ("", hex64[:-1], f"{hex64}0", hex64.upper(), f"{hex64}\n", f"{hex64[:-1]}g", "HEAD"):
        assert not is_hex64(text)
        assert not is_machine_id(f"sha256:{text}")
        assert not is_commit(text)
    assert not is_machine_id(hex64)
    assert not is_machine_id(f"blake3:{hex64}")
