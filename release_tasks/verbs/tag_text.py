"""What `doit tag` prints for people."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from release_tasks.formats.markdown import printable
from release_tasks.records.code_table import CODES
from release_tasks.records.verdict import Finding
from release_tasks.verbs.tag import TagReport


def render_tag(report: TagReport) -> str:
    """Render one line of outcome, then facts and commands, or every reason; ends with a newline."""
    lines = _refused(report) if not report.ok else _tagged(report)
    return "".join(f"{printable(line)}\n" for line in lines)


def _refused(report: TagReport) -> Iterator[str]:
    count = len(report.reasons)
    yield (
        f"{report.name} {report.version} cannot be tagged: {count} reason{'s' if count != 1 else ''}; "
        "nothing was changed"
    )
    yield from reason_lines(report.reasons)
    if report.note is not None:
        yield from report.note.splitlines()


def reason_lines(reasons: Sequence[Finding]) -> Iterator[str]:
    """Every reason with what was wanted and found; what to do stands once for those that share it."""
    last = len(reasons) - 1
    for number, reason in enumerate(reasons):
        yield f"{reason.code} {reason.subject}"
        yield f"  wanted: {reason.wanted}"
        yield f"  found:  {reason.found}"
        if number == last or reasons[number + 1].code != reason.code:
            yield f"  hint:   {CODES[reason.code].recommendation}"


def _tagged(report: TagReport) -> Iterator[str]:
    word = "" if report.state == "would be tagged" else "is "
    yield f"{report.name} {report.version} {word}{report.state} {report.tag} at {str(report.commit)[:12]}"
    rows = [("root", str(report.root)), ("exact_root", str(report.exact_root))]
    if report.signature is not None:
        rows.append(("signature", report.signature.text))
    if report.places:
        rows.append(("on", ", ".join(report.places)))
    if report.note is not None:
        rows.append(("remote", report.note))
    command = "would run" if report.state == "would be tagged" else "ran"
    rows += [(command if not number else "", shlex.join(line)) for number, line in enumerate(report.commands)]
    rows.append(("verify", f"release-tasks verify {shlex.quote(report.folder)} --tag {report.tag}"))
    yield from (f"  {name:<12}{text}".rstrip() for name, text in rows)
    if report.state == "would be tagged":
        yield "message of the tag:"
        yield from (f"  {line}".rstrip() for line in report.message.splitlines())
