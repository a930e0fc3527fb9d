"""docs/CHANGELOG.md as a pure function of a release's records."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.policy.changelog_text import plain, render_changelog, render_preview, without_traces
from release_tasks.policy.traces import traces_in
from release_tasks.records.content import Content
from release_tasks.records.digest import Digest
from release_tasks.records.identity import FileEntry
from release_tasks.records.manifest import ManifestFile
from tests.fakes.change_evidence import COMMIT_ROW, COMMITS, CONTRACT, MODEL

SAMPLES = {"before": [50.0, 51.0, 49.0, 50.5, 49.5], "after": [40.0, 41.0, 39.0, 40.5, 39.5]}


def bench(samples: list[float], **values: Any) -> dict[str, Any]:
    metric = {
        "name": "latency",
        "unit": "ms",
        "direction": "lower",
        "exact": False,
        "samples": samples,
        "stderr": None,
        **values,
    }
    return {"name": "speed", "model_hash": None, "machine": [], "settings": [], "metrics": [metric]}


def measured(bench: dict[str, Any], contract: Any = None) -> dict[str, Any]:
    return {"schema_version": 2, "version": "1.0.0", "benches": [bench], "contract": contract}


def content(
    *,
    commits: Any = COMMITS,
    contract: Any = CONTRACT,
    before: Any = None,
    after: Any = None,
    quality: Any = None,
    date: str | None = "2026-01-31T12:00:00Z",
) -> Content:
    records: dict[str, Any] = {
        "evidence/commits.json": {"schema_version": 1, "kind": "commits", "subjects": {}, "data": commits},
        "evidence/contract.json": {"schema_version": 1, "kind": "contract", "subjects": {}, "data": contract},
        "evidence/baseline.json": {"schema_version": 2, "tag": "v1.0.0", "baseline": before},
        "evidence/metrics.json": after,
        "evidence/quality.json": quality,
    }
    records = {path: value for path, value in records.items() if value is not None}
    files = tuple(
        ManifestFile(
            entry=FileEntry(
                path,
                1,
                Digest("sha256", hashlib.sha256(json.dumps(value).encode()).hexdigest()),
                Digest("blake3", "0" * 64),
            ),
            media_type="application/json",
            role="evidence",
            cls="recorded",
        )
        for path, value in sorted(records.items())
    )
    return Content(
        metadata={"name": "tiny", "version": "1.0.1", "date": date},
        files=files,
        records=records,
        texts={},
        gates=(),
        benches=(),
        suites=(),
        pairs=(),
        evaluations=(),
    )


def test_a_first_release() -> None:
    first = {**COMMITS, "last": None, "commits": []}
    found = render_changelog(content(commits=first, contract={**CONTRACT, "last": None}, date=None))
    assert found == "# Changelog\n\n## [1.0.1]\n\nThe first release.\n"


def test_a_history_that_is_not_at_hand_is_said_so() -> None:
    found = render_preview("1.0.1", {**COMMITS, "known": False, "commits": []})
    assert found == (
        "## [1.0.1] - not released\n\n"
        "The history since the last release is not at hand: its commits are not listed.\n"
    )


def test_every_heading_in_its_order() -> None:
    rows = [
        {**COMMIT_ROW, "commit": "2" * 40, "type": "feat", "scope": None, "description": "speak Romanian"},
        {**COMMIT_ROW, "commit": "3" * 40, "type": "chore", "breaking_text": "another key"},
        {**COMMIT_ROW, "commit": "4" * 40, "type": "docs"},
        {
            **COMMIT_ROW,
            "commit": "5" * 40,
            "type": "revert",
            "scope": None,
            "description": "feat: a wrong turn",
        },
        COMMIT_ROW,
    ]
    now = {**CONTRACT["now"], "contract": {**MODEL, "license": "MIT", "model_hash": f"sha256:{'d' * 64}"}}
    found = content(
        commits={**COMMITS, "commits": rows},
        contract={**CONTRACT, "now": now},
        before=measured(bench(SAMPLES["before"]), {**MODEL, "exact_root": None}),
        after=measured(bench(SAMPLES["after"])),
        quality={"pass@1": 0.5, "tokens": 12},
    )
    text = re.sub(r"sha256:[0-9a-f]{16}", "sha256:HEX", render_changelog(found))
    assert text.splitlines() == [
        "# Changelog",
        "",
        "## [1.0.1] - 2026-01-31",
        "",
        "Changes since `v1.0.0`.",
        "",
        "### Breaking changes",
        "",
        "- **data:** another key (333333333333)<!-- stated: the message of commit 333333333333 -->",
        "- licence: Apache-2.0 became MIT<!-- stated: evidence/contract.json sha256:HEX -->",
        "",
        "### Features",
        "",
        "- speak Romanian (222222222222)<!-- stated: the message of commit 222222222222 -->",
        "",
        "### Fixes",
        "",
        "- revert: feat: a wrong turn (555555555555)<!-- stated: the message of commit 555555555555 -->",
        "- **data:** count empty records too (111111111111)<!-- stated: the message of commit 111111111111 -->",
        "",
        "### Model and data",
        "",
        "- weights: cccccccccccccccc became dddddddddddddddd<!-- stated: evidence/contract.json sha256:HEX -->",
        "",
        "### Metric changes",
        "",
        "| measured by | metric | before | after | unit | change | between | is |",
        "|---|---|---|---|---|---|---|---|",
        "| `quality.json` | `tokens` | — | 12<!-- evidence/quality.json#/tokens sha256:HEX --> | — | — | — | new |",
        ("| `speed` | `latency` | 50<!-- evidence/baseline.json#/baseline/benches/0/metrics/0/samples sha256:HEX --> "
        "| 40<!-- evidence/metrics.json#/benches/0/metrics/0/samples sha256:HEX --> | `ms` | -20.00 % "
        "| -22.55 to -17.35 % | better |"),
        "",
        "1 more the same, or within the noise.",
    ]  # fmt: skip
    assert "<!--" not in without_traces(text.replace("HEX", "0" * 16))
    assert len(list(traces_in(render_changelog(found)))) == 3


@pytest.mark.parametrize(
    ("samples", "values", "words"),
    [
        ([60.0, 61.0, 59.0, 60.5, 59.5], {}, "**worse**"),
        ([60.0], {}, "cannot tell: too few samples"),
        ([60.0] * 5, {"unit": "s"}, "not comparable: measured otherwise"),
    ],
)
def test_what_noise_allows_to_say(samples: list[float], values: Any, words: str) -> None:
    found = content(before=measured(bench(SAMPLES["before"])), after=measured(bench(samples, **values)))
    assert render_changelog(found).splitlines()[-1].endswith(f"| {words} |")


def test_what_people_write_is_text() -> None:
    hostile = "a <!-- evidence/x sha256:0123456789abcdef --> <img src=x> ![x](http://a.invalid) | b"
    row = {**COMMIT_ROW, "description": hostile}
    text = render_changelog(content(commits={**COMMITS, "commits": [row]}))
    assert "<img" not in text
    assert "![" not in text
    assert list(traces_in(text)) == []


@given(st.text())
def test_no_html_and_one_line(text: str) -> None:
    shown = plain(text)
    assert "<" not in shown
    assert "\n" not in shown
