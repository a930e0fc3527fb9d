"""docs/CHANGELOG.md as a pure function of a release's records."""

from __future__ import annotations

import hashlib
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
from release_tasks.policy.traces import known_sources, traces_in
from release_tasks.policy.traces import without_traces as blotted
from release_tasks.records.baseline import baseline_of
from release_tasks.records.content import Content
from release_tasks.records.digest import Digest
from release_tasks.records.identity import FileEntry
from release_tasks.records.manifest import ManifestFile
from tests.fakes.bench_evidence import SPEED, metric
from tests.fakes.change_evidence import COMMIT_ROW, COMMITS, CONTRACT, MODEL

_THEN = "evidence/baseline.json#/baseline/benches/0/metrics/0/samples sha256:HEX"
_NOW = "evidence/bench/speed.json#/data/metrics/0/median sha256:HEX"
SAMPLES = {"before": [50.0, 51.0, 49.0, 50.5, 49.5], "after": [40.0, 41.0, 39.0, 40.5, 39.5]}


def bench(samples: list[float], **values: Any) -> dict[str, Any]:
    """Evidence of a benchmark of one metric."""
    return {**SPEED, "metrics": [metric("latency", samples, **values)]}


def measured(bench: dict[str, Any], contract: Any = None) -> dict[str, Any]:
    """What a release measured, as metrics.json and a baseline have it."""
    return {**baseline_of("1.0.0", [bench]).to_json(), "contract": contract}


def content(
    *,
    commits: Any = COMMITS,
    contract: Any = CONTRACT,
    before: Any = None,
    after: Any = None,
    quality: Any = None,
    date: str | None = "2026-01-31T12:00:00Z",
) -> Content:
    """The content graph of a release with these records."""

    def evidence(kind: str, data: Any) -> Any:
        return {"schema_version": 1, "kind": kind, "subjects": {}, "data": data}

    records: dict[str, tuple[str, Any]] = {
        "metadata.json": ("metadata", {"name": "tiny", "version": "1.0.1", "date": date}),
        "evidence/commits.json": ("evidence", evidence("commits", commits)),
        "evidence/contract.json": ("evidence", evidence("contract", contract)),
        "evidence/baseline.json": ("baseline", {"schema_version": 2, "tag": "v1.0.0", "baseline": before}),
    }
    if after is not None:
        records["evidence/bench/speed.json"] = ("evidence", evidence("bench", after))
        records["evidence/metrics.json"] = ("metrics", measured(after))
    if quality is not None:
        records["evidence/quality.json"] = ("quality", quality)
    data = {path: json.dumps(value).encode() for path, (_, value) in records.items()}
    files = [
        ManifestFile(
            entry=FileEntry(
                path,
                len(data[path]),
                Digest("sha256", hashlib.sha256(data[path]).hexdigest()),
                Digest("blake3", "0" * 64),
            ),
            media_type="application/json",
            role=role,
            cls="recorded",
        )
        for path, (role, _) in sorted(records.items())
    ]
    return build_content(files, data)


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
        after=bench(SAMPLES["after"]),
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
        (
            f"| `speed` | `latency` | 50<!-- {_THEN} --> | 40<!-- {_NOW} --> | `ms` "
            f"| -20.00 %<!-- {_NOW} against {_THEN} --> "
            "| -22.55 to -17.35 %<!-- stated: the interval of the difference of both medians --> | better |"
        ),
        "",
        "1 more the same, or within the noise.",
    ]  # fmt: skip
    assert "<!--" not in without_traces(text.replace("HEX", "0" * 16))
    known = known_sources(found)
    traces = list(traces_in(render_changelog(found)))
    assert [trace.flaw(known) for trace in traces] == [None] * 5


@pytest.mark.parametrize(
    ("samples", "values", "words"),
    [
        ([60.0, 61.0, 59.0, 60.5, 59.5], {}, "**worse**"),
        ([60.0], {}, "cannot tell: too few samples"),
        ([60.0] * 5, {"unit": "s"}, "not comparable: measured otherwise"),
    ],
)
def test_what_noise_allows_to_say(samples: list[float], values: Any, words: str) -> None:
    found = content(before=measured(bench(SAMPLES["before"])), after=bench(samples, **values))
    assert render_changelog(found).splitlines()[-1].endswith(f"| {words} |")


def test_a_benchmark_named_quality_is_not_the_file_of_that_name() -> None:
    before, after = (
        {**SPEED, "name": "quality", "metrics": [metric("pass@1", samples)]}
        for samples in (SAMPLES["before"], SAMPLES["after"])
    )
    found = content(
        before=measured(before, {**MODEL, "exact_root": None}), after=after, quality={"pass@1": 0.25}
    )
    rows = without_traces(render_changelog(found)).splitlines()[-2:]
    assert rows == [
        "| `quality.json` | `pass@1` | 0.5 | 0.25 | — | -50.00 % | — | changed |",
        "| `quality` | `pass@1` | 50 | 40 | `ms` | -20.00 % | -22.55 to -17.35 % | better |",
    ]


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
