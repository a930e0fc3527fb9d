"""docs/CHANGELOG.md as a pure function of a release's records."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.formats.markdown import plain
from release_tasks.policy.changelog_text import render_changelog, render_preview, without_traces
from release_tasks.policy.content import build_content
from release_tasks.policy.prose_numbers import number_flaws
from release_tasks.policy.traces import traces_in
from release_tasks.policy.traces import without_traces as blotted
from release_tasks.records.content import Content
from tests.fakes import released_documents as fake
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
    for found in (after or {}).get("benches", ()):
        # What documents show of a benchmark stands in its evidence; metrics.json is what the next one compares.
        (metric,) = found["metrics"]
        shown = fake.metric(metric["name"], metric["direction"], metric["unit"], metric["samples"])
        data = {**fake.bench(found["name"], "safetensors", 1, 1), "metrics": [shown]}
        records["evidence/bench/speed.json"] = json.loads(fake.evidence("bench/speed", data))
    metadata = {"name": "tiny", "version": "1.0.1", "date": date}
    bytes_of = {
        path: json.dumps(value).encode()
        for path, value in {**records, "metadata.json": metadata}.items()
        if value is not None
    }
    return build_content(
        fake.listed({path: ("evidence", "recorded", data) for path, data in bytes_of.items()}), bytes_of
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
        "| `quality` | `tokens` | — | 12<!-- evidence/quality.json#/tokens sha256:HEX --> | — | — | — | new |",
        ("| `speed` | `latency` | 50<!-- evidence/baseline.json#/baseline/benches/0/metrics/0/samples sha256:HEX --> "
        "| 40<!-- evidence/bench/speed.json#/data/metrics/0/median sha256:HEX --> | `ms` "
        "| -20.00 %<!-- evidence/bench/speed.json#/data/metrics/0/median sha256:HEX against "
        "evidence/baseline.json#/baseline/benches/0/metrics/0/samples sha256:HEX --> "
        "| -22.55 to -17.35 %<!-- stated: the interval of the difference of both medians --> | better |"),
        "",
        "1 more the same, or within the noise.",
    ]  # fmt: skip
    assert "<!--" not in without_traces(text.replace("HEX", "0" * 16))
    assert len(list(traces_in(render_changelog(found)))) == 5


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


@pytest.mark.parametrize(
    ("description", "written"),
    [
        ("``` all of it", "\\``` all of it"),
        ("~~~ all of it", "\\~~~ all of it"),
        ("# all of it", "\\# all of it"),
        ("- [x] all of it", "\\- [x] all of it"),
        ("1. all of it", "1\\. all of it"),
        ("`all` of it", "`all` of it"),
        ("**all** of it", "**all** of it"),
        ("#12 is mended", "#12 is mended"),
        ("2.5 times faster > 97 % | 12 ms", "2.5 times faster &gt; 97 % &#124; 12 ms"),
    ],
)
def test_a_commit_is_one_item_and_needs_no_other_source(description: str, written: str) -> None:
    row = {**COMMIT_ROW, "scope": None, "description": description}
    text = render_changelog(content(commits={**COMMITS, "commits": [row]}))
    (line,) = [
        line
        for line in text.splitlines()
        if (line.startswith("- ") and "all of it" in line) or written in line
    ]
    assert line.startswith(f"- {written} (")
    assert list(number_flaws(blotted(text), source="CHANGELOG.md")) == []
