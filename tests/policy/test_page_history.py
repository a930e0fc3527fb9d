import copy
import json
from typing import Any

import pytest

from release_tasks.policy.page_history import MOST, newest_first, read_history
from tests.fakes.bench_evidence import EVIDENCE

NOW: dict[str, Any] = EVIDENCE["regression"]["now"]


def baseline(version: str, **changed: Any) -> bytes:
    return json.dumps({**copy.deepcopy(NOW), "version": version, **changed}).encode()


def versions(files: dict[str, bytes], before: str) -> list[str]:
    return [item.version for item in read_history(files, before=before).baselines]


def test_earlier_versions_come_in_their_order() -> None:
    files = {
        f"baselines/{text}.json": baseline(text)
        for text in ("0.10.0", "0.9.0", "1.0.0-rc.1", "1.0.0", "2.0.0")
    }
    assert versions(files, "1.0.0") == ["0.9.0", "0.10.0", "1.0.0-rc.1"]


def test_calendar_versions_are_compared_as_such_and_others_are_named() -> None:
    files = {
        "baselines/2026.11.20_build1.json": baseline("2026.11.20_build1"),
        "baselines/0.1.0.json": baseline("0.1.0"),
    }
    found = read_history(files, before="2026.11.21_build1-snapshot")
    assert [item.version for item in found.baselines] == ["2026.11.20_build1"]
    (said,) = found.unread
    assert said.startswith("baselines/0.1.0.json: ")


def test_of_two_files_about_one_version_the_release_counts() -> None:
    paths = ("baselines/0.1.0.json", "release/0.1.0/evidence/metrics.json")
    ordered = newest_first(paths)
    assert ordered == paths[::-1]
    found = read_history({path: baseline("0.1.0") for path in ordered}, before="1.0.0")
    assert found.sources == ("release/0.1.0/evidence/metrics.json",)


def test_the_newest_are_shown() -> None:
    files = {f"baselines/0.{minor}.0.json": baseline(f"0.{minor}.0") for minor in range(30)}
    assert versions(files, "1.0.0") == [f"0.{minor}.0" for minor in range(30 - MOST, 30)]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"[]", "JSON that is no object"),
        (b"{", "not JSON"),
        (baseline("0.1.0", benches=1), "benches is 1, not a list"),
        (b'{"version": "0.1.0"}', "schema_version is no such key, not a measurement"),
    ],
)
def test_a_file_that_is_no_baseline_is_named(data: bytes, said: str) -> None:
    found = read_history({"baselines/0.1.0.json": data}, before="1.0.0")
    assert found.baselines == ()
    (text,) = found.unread
    assert text.startswith(f"baselines/0.1.0.json: {said}")
