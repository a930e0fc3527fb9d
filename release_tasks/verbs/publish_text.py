"""What `doit publish` and `doit rollback` print for people."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from release_tasks.formats.markdown import printable
from release_tasks.verbs.publish import PublishReport
from release_tasks.verbs.rollback import RollbackReport


def render_publish(report: PublishReport) -> str:
    """Render one line of outcome, then facts; ends with a newline."""
    return "".join(f"{printable(line)}\n" for line in _published(report))


def _published(report: PublishReport) -> Iterator[str]:
    word = "" if report.state == "would be published" else "is "
    yield f"{report.name} {report.version} {word}{report.state}: {report.destination.name}"
    rows = [("to", report.destination.uri), ("files", f"{report.files}, {report.bytes} bytes")]
    rows.append(("root", report.root))
    if report.continued is not None:
        rows.append(("continued", f"an earlier run was cut short at: {report.continued}"))
    rows += [
        ("alias", f"{move.alias}: {move.before or 'nothing'} -> {move.version}") for move in report.aliases
    ]
    if report.state != "would be published":
        rows.append(("receipt", report.receipt))
    yield from (f"  {name:<12}{text}" for name, text in rows)


def render_rollback(report: RollbackReport) -> str:
    """Render the plan, or what was done, one line for each destination; ends with a newline."""
    return "".join(f"{printable(line)}\n" for line in _rolled(report))


def _rolled(report: RollbackReport) -> Iterator[str]:
    title = "rolled back" if report.applied else "plan"
    yield f"{report.name}: {title} to {report.version}"
    yield f"  {'root':<12}{report.root}, verified in full at each destination"
    moved = False
    for row in report.rows:
        if row.move is None:
            yield f"  {row.destination:<12}{row.alias} is at {report.version} already: nothing to do"
        else:
            moved = True
            verb = "moved" if report.applied else "would move"
            yield (
                f"  {row.destination:<12}{row.alias} {verb}: "
                f"{row.move.before or 'nothing'} -> {row.move.version}"
            )
    yield "  nothing is deleted; other aliases stay where they are"
    if moved and not report.applied:
        names = [word for row in report.rows for word in ("--to", row.destination)]
        command = shlex.join(["doit", "rollback", report.version, *names, "--apply"])
        yield f"nothing was changed; to do it: {command}"
