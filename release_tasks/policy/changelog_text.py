"""docs/CHANGELOG.md: one release's section, from its commits and from what evidence says of the change (R17).

The layout is that of Keep a Changelog 1.1.0. What people wrote is shown as text: no HTML and no image of
theirs counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from release_tasks.formats.markdown import code_span, markdown_table, plain, printable
from release_tasks.policy.change_gates import reasons_in
from release_tasks.policy.changelog_entries import entries_of
from release_tasks.policy.changelog_metrics import MetricChange, metric_changes
from release_tasks.policy.traces import traced, traced_change
from release_tasks.policy.version_advice import Reason
from release_tasks.records.change_entry import ChangeEntry
from release_tasks.records.content import Content, Figure
from release_tasks.records.json_value import JSONObject

COMMITS = "evidence/commits.json"
CONTRACT = "evidence/contract.json"
_INTERVAL = "<!-- stated: the interval of the difference of both medians -->"
_SHOWN = 40  # reasons of one kind; contract.json has them all
_WORDS = {
    "better": "better",
    "worse": "**worse**",
    "changed": "changed",
    "added": "new",
    "removed": "not measured any more",
    "unlike": "not comparable: measured otherwise",
    "undecided": "cannot tell: too few samples",
}
# What would open a block at the begin of an item: a fence, a heading, a list in the list.
_BLOCK = re.compile(r"^(\d{1,9}(?=[.)]\s))?(?=`{3}|~{3}|#{1,6}\s|[-+*]\s|(?<=\d)[.)])")
_COMMENT = re.compile(r"<!-- [^<>\n]* -->")

Sections = list[tuple[str, list[str]]]


def render_changelog(content: Content) -> str:
    """The changelog of the release: its own section under one title."""
    return "# Changelog\n\n" + render_section(content)


def render_section(content: Content) -> str:
    """The section of the release, heading and all; ends with one newline."""
    commits, contract = _data(content, COMMITS), _data(content, CONTRACT)
    version, date = content.metadata["version"], content.metadata["date"]
    day = f" - {str(date)[:10]}" if date is not None else ""
    reasons = reasons_in(contract) if contract.get("last") is not None else ()
    source = content.file(CONTRACT)
    comment = "" if source is None else f"<!-- stated: {CONTRACT} sha256:{source.entry.sha256.short} -->"
    sections: Sections = [
        *_sections(_entries(commits), reasons, comment),
        ("Metric changes", list(_metrics(metric_changes(content)))),
    ]
    return _written(f"## [{printable(str(version))}]{day}", introduction(commits), sections)


def render_preview(version: str, commits: JSONObject) -> str:
    """The section as far as commits tell it, before there is a candidate."""
    heading = f"## [{printable(version)}] - not released"
    return _written(heading, introduction(commits), list(_sections(_entries(commits), (), "")))


def _written(heading: str, first: str, sections: Sections) -> str:
    lines = [heading, "", first]
    for title, body in sections:
        if body:
            lines += ["", f"### {title}", "", *body]
    return "\n".join(lines) + "\n"


def _data(content: Content, path: str) -> JSONObject:
    data = content.record(path).get("data")
    return data if isinstance(data, dict) else {}


def _entries(commits: JSONObject) -> tuple[ChangeEntry, ...]:
    rows = commits.get("commits")
    return entries_of(row for row in rows if isinstance(row, dict)) if isinstance(rows, list) else ()


def introduction(commits: JSONObject) -> str:
    """What the section is about, in one sentence."""
    last: Any = commits.get("last")
    if commits.get("known") is not True:
        return "The history since the last release is not at hand: its commits are not listed."
    if last is None:
        return "The first release."
    return f"Changes since {code_span(str(last['tag']))}."


def _sections(
    entries: tuple[ChangeEntry, ...], reasons: Iterable[Reason], comment: str
) -> Iterator[tuple[str, list[str]]]:
    of_contract = [reason for reason in reasons if not reason.subject.startswith("commit ")]
    breaking = [reason for reason in of_contract if reason.level == "breaking"]
    other = [reason for reason in of_contract if reason.level != "breaking"]
    yield (
        "Breaking changes",
        [
            *(_entry(entry, entry.breaking_text) for entry in entries if entry.breaking_text is not None),
            *_reasons(breaking, comment),
        ],
    )
    kinds = (("Features", ("feat",)), ("Fixes", ("fix", "perf", "revert")))
    for title, types in kinds:
        yield title, [_entry(entry, entry.description) for entry in entries if entry.type in types]
    yield "Model and data", list(_reasons(other, comment))


def _entry(entry: ChangeEntry, text: str) -> str:
    scope = f"**{plain(entry.scope)}:** " if entry.scope else ""
    taken_back = "revert: " if entry.type == "revert" else ""
    commit = entry.commit[:12]
    words = _BLOCK.sub(r"\g<0>\\", f"{scope}{taken_back}{plain(text)}")
    return f"- {words} ({commit})<!-- stated: the message of commit {commit} -->"


def _reasons(reasons: list[Reason], comment: str) -> Iterator[str]:
    for reason in reasons[:_SHOWN]:
        what, _, name = reason.subject.partition(" ")
        subject = f"{what} {code_span(name)}" if name else what
        yield f"- {subject}: {plain(reason.text)}{comment}"
    if len(reasons) > _SHOWN:
        yield f"- and {len(reasons) - _SHOWN} more of {len(reasons)}{comment}"


def without_traces(text: str) -> str:
    """The words of a document without its traces: away from its release they lead nowhere."""
    return _COMMENT.sub("", text)


def _metrics(changes: Iterable[MetricChange]) -> Iterator[str]:
    found = list(changes)
    told = [change for change in found if change.difference.judgement != "same"]
    head = ("measured by", "metric", "before", "after", "unit", "change", "between", "is")
    if told:
        yield from markdown_table(head, map(_row, told))
    if told and len(told) < len(found):
        yield ""
    if len(told) < len(found):
        yield f"{len(found) - len(told)} more the same, or within the noise."


def _row(change: MetricChange) -> tuple[str, ...]:
    one = change.difference
    between = (
        "—"
        if change.between is None
        else f"{change.between[0]:+.2f} to {change.between[1]:+.2f} %{_INTERVAL}"
    )
    return (
        code_span(one.source),
        code_span(one.name),
        _shown(change.before),
        _shown(change.after),
        "—" if one.unit in {None, "1"} else code_span(str(one.unit)),
        _relative(change),
        between,
        _WORDS[one.judgement],
    )


def _relative(change: MetricChange) -> str:
    relative, before, after = change.difference.relative, change.before, change.after
    if relative is None or before is None or after is None:
        return "—"
    return traced_change(f"{relative * 100:+.2f} %", after, before)


def _shown(figure: Figure | None) -> str:
    return "—" if figure is None else traced(figure)
