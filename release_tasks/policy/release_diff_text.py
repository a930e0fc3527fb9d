"""The report of `diff` for people, as Markdown that reads well in a terminal too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from release_tasks.formats.markdown import code_span, markdown_table, printable
from release_tasks.policy.tensor_table import markdown_tensors
from release_tasks.records.difference import FileDifference, TextDifference, ValueDifferences
from release_tasks.records.digest import short_digest
from release_tasks.records.likeness import Likeness
from release_tasks.records.release_difference import (
    DatasetDifference,
    MetricDifference,
    NameChanges,
    ReleaseDifference,
    ReleaseSide,
    VocabularyDifference,
)

SHOWN = 40  # rows of a table; the counts are always exact
_TOKENS = 20  # tokens and names in one line

_WORDS: dict[Likeness, str] = {
    "bytes": "Level bytes: all are identical",
    "tensors": "Level tensors: names, dtypes, shapes and values are equal, the bytes around them are not",
    "tolerance": "Level tolerance: names, dtypes and shapes are equal, every value keeps the limits given",
    "none": "Level none: tensors differ",
}


def render_markdown(found: ReleaseDifference) -> str:
    """The whole report; two identical releases are one line."""
    if found.identical:
        return f"{_title(found.before)} and {_title(found.after)} are identical: root {found.after.root}\n"
    lines = [f"# {_title(found.before)} → {_title(found.after)}", "", *_head(found)]
    for title, section in _sections(found):
        if section:
            lines += ["", f"## {title}", "", *section]
    return "\n".join(lines) + "\n"


def _sections(found: ReleaseDifference) -> Iterator[tuple[str, list[str]]]:
    yield "Weights", list(_weights(found))
    yield "Tokenizer", [] if found.tokenizer is None else list(_vocabulary(found.tokenizer))
    yield "Configuration", list(_each(found.config, _file))
    yield "Dataset", list(_dataset(found.dataset))
    yield "Metrics", list(_metrics(found.metrics))
    yield "Release", list(_values(found.metadata))
    yield "Licences", list(_values(found.licences))
    yield "Environment", list(_values(found.environment))
    yield "Verdict", list(_values(found.verdict))
    yield "Other exact files", list(_each(found.others, _file))
    yield "Files", list(_files(found))


def _title(side: ReleaseSide) -> str:
    return f"{printable(side.name)} {printable(side.version)}"


def _head(found: ReleaseDifference) -> list[str]:
    sides = (found.before, found.after)
    rows = [
        ("commit", *((side.commit or "none")[:12] for side in sides)),
        ("root", *(short_digest(side.root, absent="none") for side in sides)),
        ("exact_root", *(short_digest(side.exact_root, absent="none") for side in sides)),
    ]
    if any(side.problems for side in sides):
        rows.append(("not verified", *(_count(side.problems, "problem") for side in sides)))
    exact = "the same" if found.exact else "**different**"
    table = markdown_table(("", "before", "after"), rows)
    return [
        *table,
        "",
        f"Exact files are {exact}: {_count(found.same_files, 'file')} equal, {len(found.files)} not.",
    ]


def _each(
    differences: Sequence[FileDifference], render: Callable[[FileDifference], Iterator[str]]
) -> Iterator[str]:
    for number, difference in enumerate(differences):
        if number:
            yield ""
        yield from render(difference)


def _weights(found: ReleaseDifference) -> Iterator[str]:
    """Every file of tensors that differs, and how alike they are all together."""
    if found.weights:
        yield f"{_WORDS[found.level]}."
        yield ""
        yield from _each(found.weights, _tensor_file)


def _tensor_file(found: FileDifference) -> Iterator[str]:
    if found.format not in {"safetensors", "gguf"}:
        yield from _file(found)
        return
    kinds = ("added", "removed", "retyped", "reshaped", "changed")
    counts = {kind: sum(tensor.kind == kind for tensor in found.tensors) for kind in kinds}
    said = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    words = said or "all equal; the bytes around them differ"
    yield f"{code_span(found.name)}: {_count(found.tensor_count, 'tensor')}, {words}"
    if found.tensors:
        yield ""
        yield from markdown_tensors(found.tensors, shown=SHOWN)
    if found.header.count:
        yield ""
        yield from _values(found.header, head="header")


def _file(found: FileDifference) -> Iterator[str]:
    before, after = found.size
    sizes = _count(before, "byte") if before == after else f"{before} → {_count(after, 'byte')}"
    at = "" if found.offset is None else f", first difference at byte {found.offset}"
    note = "" if found.note is None else f"; {printable(found.note)}"
    yield f"{code_span(found.name)}: {found.format}, {sizes}{at}{note}"
    if found.values.count:
        yield ""
        yield from _values(found.values)
    elif found.format == "json":
        yield "The values are the same; only the spelling differs."
    elif found.text is not None:
        yield from _text(found.text)


def _text(found: TextDifference) -> Iterator[str]:
    """A unified diff as a code block whose fence no line of it can end: each line is indented."""
    yield f"{_count(found.removed, 'line')} removed, {found.added} added."
    yield ""
    yield from (f"    {printable(line)}" for line in found.lines)


def _values(found: ValueDifferences, head: str = "key") -> Iterator[str]:
    if not found.count:
        return
    rows = [
        (code_span(value.key or "(all)"), _optional(value.before), _optional(value.after))
        for value in found.shown[:SHOWN]
    ]
    yield from markdown_table((head, "before", "after"), rows)
    yield from _more(found.count, len(rows))


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _optional(text: str | None) -> str:
    return "—" if text is None else code_span(text)


def _more(count: int, shown: int) -> Iterator[str]:
    if count > shown:
        yield ""
        yield f"and {count - shown} more of {count}"


def _vocabulary(found: VocabularyDifference) -> Iterator[str]:
    if found.empty:
        yield "The vocabulary and merges are the same; options or spelling differ."
        return
    for words, tokens in (("added", found.added), ("removed", found.removed)):
        if tokens:
            shown = ", ".join(f"{code_span(token)} {number}" for token, number in tokens[:_TOKENS])
            yield f"- {_count(len(tokens), 'token')} {words}: {shown}{_dots(tokens)}"
    if found.moved:
        shown = ", ".join(f"{code_span(token)} {old} → {new}" for token, old, new in found.moved[:_TOKENS])
        yield f"- {_count(len(found.moved), 'token')} with another id: {shown}{_dots(found.moved)}"
    if found.first_merge is not None:
        before, after, removed, added = found.merges
        yield (
            f"- merges: {before} → {after}, {removed} removed, {added} added, "
            f"the first difference at rank {found.first_merge}"
        )
    if found.options.count:
        yield ""
        yield from _values(found.options)


def _dots(items: Sequence[object]) -> str:
    return f" and {len(items) - _TOKENS} more" if len(items) > _TOKENS else ""


def _dataset(found: DatasetDifference) -> Iterator[str]:
    if found.compared == "nothing":
        return
    yield from _names("file", found.files)
    if found.compared == "records":
        yield from _names("record", found.records)
    if found.note is not None:
        yield f"- {printable(found.note)}"
    if found.statistics.count:
        yield ""
        yield from _values(found.statistics)


def _names(what: str, found: NameChanges) -> Iterator[str]:
    groups = (("added", found.added), ("removed", found.removed), ("changed", found.changed))
    if not any(names for _, names in groups):
        yield f"- no {what} added, removed or changed"
    for words, names in groups:
        if names:
            shown = ", ".join(map(code_span, names[:_TOKENS]))
            yield f"- {_count(len(names), what)} {words}: {shown}{_dots(names)}"


def _metrics(found: Sequence[MetricDifference]) -> Iterator[str]:
    """Those that changed; how many stayed the same is said below."""
    changed = [metric for metric in found if metric.judgement != "same"]
    rows = [
        (
            code_span(metric.source),
            code_span(metric.name),
            _amount(metric.before),
            _amount(metric.after),
            "—" if metric.unit in {None, "1"} else code_span(str(metric.unit)),
            metric.direction or "—",
            "—" if metric.relative is None else f"{metric.relative * 100:+.2f} %",
            f"**{metric.judgement}**" if metric.judgement == "worse" else metric.judgement,
        )
        for metric in changed[:SHOWN]
    ]
    head = ("measured by", "metric", "before", "after", "unit", "better", "change", "is")
    if rows:
        yield from markdown_table(head, rows)
        yield from _more(len(changed), len(rows))
    same = len(found) - len(changed)
    if same and changed:
        yield ""
        yield f"{same} more the same, or within the noise"


def _amount(value: float | None) -> str:
    return "—" if value is None else f"{value:.6g}"


def _files(found: ReleaseDifference) -> Iterator[str]:
    """Every file but recorded ones that are on both sides: each run makes those anew."""
    order = {"exact": 0, "derived": 1, "recorded": 2}
    told = [
        change for change in found.files if change.cls != "recorded" or None in (change.before, change.after)
    ]
    rows = [
        (_optional(change.before), _optional(change.after), code_span(change.role), change.cls)
        for change in sorted(told, key=lambda change: order[change.cls])[:SHOWN]
    ]
    if rows:
        yield from markdown_table(("before", "after", "role", "class"), rows)
        yield from _more(len(told), len(rows))
    recorded = len(found.files) - len(told)
    if recorded:
        yield ""
        differ = "file differs" if recorded == 1 else "files differ"
        yield f"{recorded} recorded {differ} too, as those of every run do; --json has all"
