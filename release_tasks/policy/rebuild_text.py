"""A rebuild for people: a few lines for a terminal, and rebuild.md with every step and file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from release_tasks.formats.markdown import printable
from release_tasks.policy.rebuild_level import LEVELS, Level
from release_tasks.records.rebuild import OUTCOMES, FileResult, RebuildReport, StepResult

_LEFT = 14
_SHOWN = 20  # files and reasons named on a terminal; rebuild.json has all
CLAIM = "a claim of whoever ran it: nothing here is signed"


def verdict_words(report: RebuildReport) -> str:
    """The outcome in a few words."""
    outcomes = {file.outcome for file in report.files} | {step.outcome for step in report.steps}
    if "mismatch" in outcomes:
        return "NOT REPRODUCED"
    if "inconclusive" in outcomes:
        return "not everything could be built again"
    if not report.steps:
        return "nothing was rebuilt: no step makes a file of it"
    if all(step.outcome == "on record" for step in report.steps):
        return "reproduced, by rebuilds on record"
    return "reproduced"


def level_words(level: Level) -> str:
    """The level with its meaning."""
    return "none" if level.number is None else f"{level.number}, {LEVELS[level.number]}"


def terminal_text(report: RebuildReport, level: Level, *, refused: Sequence[str] = ()) -> str:
    """The summary that `reproduce` prints, ending with a newline."""
    lines = [f"{report.name} {report.version}: {verdict_words(report)}"]
    for name, text in _rows(report, level, refused):
        lines.append(f"  {name:<{_LEFT}}{text}")
    return "".join(f"{printable(line)}\n" for line in lines)


def _rows(report: RebuildReport, level: Level, refused: Sequence[str]) -> Iterator[tuple[str, str]]:
    yield "level", f"{level_words(level)} ({CLAIM})"
    yield from _listed("shown by", level.because)
    next_level = "packaging" if level.number is None else f"level {level.number + 1}"
    yield from _listed(f"to {next_level}", level.missing)
    if report.weights != "none":
        yield "weights", report.weights
    yield "commit", report.commit
    yield "exact_root", str(report.exact_root)
    for step in report.steps:
        yield "step", _step_line(step)
        yield from _listed("", [step.why] if step.why else [])
    yield "files", _counts(report.files)
    yield from _listed(
        "", [_file_line(file) for file in report.files if file.outcome in {"mismatch", "inconclusive"}]
    )
    yield from _listed(
        "packages", [f"{name}: built with {then}, now {now}" for name, then, now in report.packages]
    )
    yield from _listed("varied", _varied(report))
    yield from _listed("not believed", refused)
    yield from _listed("cause", tuple(_diagnosed(report)))
    yield "seconds", f"{report.seconds:.1f}"


def _listed(name: str, texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    for index, text in enumerate(texts[:_SHOWN]):
        for number, line in enumerate(text.splitlines() or [""]):
            yield (name if index == number == 0 else ""), line
    if len(texts) > _SHOWN:
        yield "", f"and {len(texts) - _SHOWN} more; --json lists all"


def _diagnosed(report: RebuildReport) -> Iterator[str]:
    """The first step that differs and why; then the others."""
    for item in report.diagnosis:
        place = f"{item.step}, the first that differs" if item.first else item.step
        tried = f" ({item.trials} trials)" if item.trials else ""
        for finding in item.findings:
            yield f"{place}{tried}: {finding.cause}: {finding.because}\n  {finding.mend}"


def _step_line(step: StepResult) -> str:
    took = "" if step.seconds is None else f"  {step.seconds:.1f} s"
    return f"{step.name:<22}{step.outcome}{took}"


def _file_line(file: FileResult) -> str:
    alike = "" if file.likeness in {None, "bytes", "none"} else f" (the same {file.likeness})"
    return f"{file.outcome} {file.path}{alike}: {file.why or 'no reason'}"


def _counts(files: Sequence[FileResult]) -> str:
    parts = []
    for cls in ("exact", "derived", "recorded"):
        found = Counter(file.outcome for file in files if file.cls == cls)
        words = ", ".join(f"{found[outcome]} {outcome}" for outcome in OUTCOMES if found[outcome])
        if words:
            parts.append(f"{cls}: {words}")
    return "; ".join(parts)


def _varied(report: RebuildReport) -> list[str]:
    """What was varied in any step, and what was asked for and could not be."""
    applied = sorted({name for step in report.steps for name in step.variations.applied})
    refused: dict[str, tuple[set[str], set[str]]] = {}
    for step in report.steps:
        for name, why in step.variations.not_applied:
            names, steps = refused.setdefault(why, (set(), set()))
            names.add(name)
            steps.add(step.name)
    left = sorted({name for step in report.steps for name in step.variations.left_out})
    lines = [", ".join(applied)] if applied else []
    for why, (names, steps) in sorted(refused.items()):
        lines.append(f"not {', '.join(sorted(names))} in {', '.join(sorted(steps))}: {why}")
    return [*lines, *([f"left out: {', '.join(left)}"] if left else [])]


def markdown_text(report: RebuildReport, level: Level, *, tables: str = "") -> str:
    """rebuild.md: the whole report, with the `tables` of what differs; ends with a newline."""
    lines = [
        f"# Rebuild of {_cell(report.name)} {_cell(report.version)}",
        "",
        f"**{verdict_words(report)}**; level {level_words(level)}. This is {CLAIM}.",
        "",
    ]
    lines += [f"- shown by: {_cell(text)}" for text in level.because]
    lines += [f"- missing for the next level: {_cell(text)}" for text in level.missing]
    lines += ["", *_facts(report), ""]
    lines += _table(
        ("step", "outcome", "seconds", "varied", "numeric profile", "why"),
        [
            (
                step.name,
                step.outcome,
                "" if step.seconds is None else f"{step.seconds:.3f}",
                ", ".join(step.variations.applied),
                step.numeric or "",
                step.why or "",
            )
            for step in report.steps
        ],
    )
    lines += _table(
        ("file", "class", "outcome", "by", "alike", "why"),
        [
            (file.path, file.cls, file.outcome, file.by, file.likeness or "", file.why or "")
            for file in report.files
        ],
    )
    if report.diagnosis:
        lines += ["## Why it differs", ""]
        lines += [f"- {_cell(text)}" for text in _diagnosed(report)]
        lines += ["", tables]
    return "\n".join(lines).rstrip("\n") + "\n"


def _facts(report: RebuildReport) -> list[str]:
    built = (
        "not said" if report.builder is None else f"{report.builder.processor}, {report.builder.numeric_id}"
    )
    machine = report.machine
    facts = [
        ("commit", f"`{report.commit}`"),
        ("root", f"`{report.root}`"),
        ("exact_root", f"`{report.exact_root}`"),
        *([("weights", report.weights)] if report.weights != "none" else []),
        ("built on", f"{_cell(built)}, {_cell(report.built_with)}"),
        (
            "rebuilt on",
            f"{_cell(machine.processor)}, {_cell(machine.numeric_id)}, {_cell(report.generator)}",
        ),
        ("finished", f"{report.finished_at}, after {report.seconds:.1f} s"),
    ]
    facts += [
        (f"package {_cell(name)}", f"built with {_cell(then)}, now {_cell(now)}")
        for name, then, now in report.packages
    ]
    return [f"- {name}: {text}" for name, text in facts]


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    if not rows:
        return ["Nothing was rebuilt.", ""]
    line = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return [*line, *(f"| {' | '.join(map(_cell, row))} |" for row in rows), ""]


def _cell(text: str) -> str:
    """A text that cannot break out of its cell, nor be markup."""
    flat = " ".join(printable(text.replace("\n", " ")).split())
    for mark in "\\`*_[]<>|#":
        flat = flat.replace(mark, f"\\{mark}")
    return flat
