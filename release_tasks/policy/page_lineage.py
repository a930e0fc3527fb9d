"""The lineage graph of the page: what was read, by which step, into what; laid out in layers, left to right.

The method is that of Sugiyama, Tagawa and Toda (1981): longest-path layers, dummy nodes on edges that span
several layers, order within a layer by barycentres, and no randomness: the same graph has the same picture.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from release_tasks.records.frozen_record import frozen
from release_tasks.records.lineage import StepFiles
from release_tasks.records.step import Tree, tree_matches

Kind = Literal["input", "step", "file", "artifact"]
WIDTH, HEIGHT = 172, 44  # of a node, in CSS pixels
_COLUMN_GAP, _ROW_GAP, _MARGIN = 48, 14, 8
_SWEEPS = 8
_LABEL = 24  # characters that fit into a node
_GLOB = "*?["


@frozen
class Node:
    """A box: `label` and `note` fit into it, `title` says all; x and y are its top left corner."""

    kind: Kind
    label: str
    note: str
    title: str
    x: float
    y: float


@frozen
class Lineage:
    """The laid-out graph: its size in CSS pixels, boxes, and edges as SVG path data."""

    width: float
    height: float
    nodes: tuple[Node, ...]
    edges: tuple[str, ...]


@dataclass(slots=True)
class _Box:
    """A node while it is laid out; a dummy stands for an edge that passes a layer."""

    kind: Kind | None
    label: str = ""
    note: str = ""
    title: str = ""
    layer: int = 0
    y: float = 0.0
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)

    @property
    def height(self) -> float:
        return float(HEIGHT if self.kind else 6)


def lay_out_lineage(steps: Sequence[StepFiles], released: Mapping[str, str]) -> Lineage | None:
    """Lay out what led from inputs through steps to files; None when no step is known.

    `released` maps the declared path of each artifact to its name in the release. Inputs that the same steps
    read share a box; an artifact that no step wrote stands alone, as it was given.
    """
    if not steps:
        return None
    boxes = _boxes(steps, released)
    _assign_layers(boxes)
    _pass_layers(boxes)
    layers = _ordered(boxes)
    _place(boxes, layers)
    return _drawn(boxes, layers)


def _boxes(steps: Sequence[StepFiles], released: Mapping[str, str]) -> dict[str, _Box]:
    """Boxes by key, edges in `after`, in the order of the declarations."""
    written = {path for item in steps for path in item.writes}
    boxes: dict[str, _Box] = {}
    for paths, readers in _input_groups(steps, written):
        key = f"input {paths[0]}"
        boxes[key] = _input_box(paths)
        boxes[key].after = [f"step {step}" for step in readers]
    for item in steps:
        boxes[f"step {item.step}"] = _Box(
            kind="step",
            label=_short(item.step),
            note="step",
            title=f"step {item.step}",
            after=[f"file {path}" for path in item.writes],
        )
        for path in item.writes:
            boxes[f"file {path}"] = _file_box(path, released.get(path))
    for path, name in released.items():
        if path not in written:
            title = f"{name}, given: no step writes it"
            boxes[f"file {path}"] = _Box("artifact", _short(name), "given", title)
    for item in steps:
        for path in sorted(written):
            if any(_reads(read, path) for read in item.reads) and path not in item.writes:
                boxes[f"file {path}"].after.append(f"step {item.step}")
    return boxes


def _reads(read: str, path: str) -> bool:
    return read == path or (any(mark in read for mark in _GLOB) and tree_matches(Tree((read,)), path))


def _input_groups(
    steps: Sequence[StepFiles], written: set[str]
) -> Iterable[tuple[tuple[str, ...], tuple[str, ...]]]:
    readers: dict[str, list[str]] = defaultdict(list)
    for item in steps:
        for read in item.reads:
            if read not in written:
                readers[read].append(item.step)
    groups: dict[tuple[bool, tuple[str, ...]], list[str]] = defaultdict(list)
    for path in sorted(readers):
        groups[any(mark in path for mark in _GLOB), tuple(readers[path])].append(path)
    return [(tuple(paths), names) for (_, names), paths in groups.items()]


def _input_box(paths: Sequence[str]) -> _Box:
    if len(paths) == 1:
        return _Box("input", _short(_end(paths[0])), "input", paths[0])
    names = ", ".join(path.rpartition("/")[2] for path in paths)
    return _Box("input", _short(names), f"{len(paths)} inputs", "\n".join(paths))


def _end(path: str) -> str:
    """The name of a file; of a glob its folder too, as `*.json` says little."""
    parts = path.split("/")
    return "/".join(parts[-2:] if any(mark in parts[-1] for mark in _GLOB) else parts[-1:])


def _file_box(path: str, released: str | None) -> _Box:
    if released is None:
        return _Box("file", _short(path.rpartition("/")[2]), "not released", f"{path}, not released")
    return _Box("artifact", _short(released), "released", f"{released}, from {path}")


def _short(text: str) -> str:
    """At most `_LABEL` characters, the end kept: file names differ there."""
    if len(text) <= _LABEL:
        return text
    return f"{text[: _LABEL - 11]}…{text[-10:]}"


def _assign_layers(boxes: dict[str, _Box]) -> None:
    """Longest path from the left; inputs move right until they stand beside their first reader.

    A circle cannot be: release.toml was planned before it was run.
    """
    for name, box in boxes.items():
        for other in box.after:
            boxes[other].before.append(name)
    pending = {name: len(box.before) for name, box in boxes.items()}
    ready = [name for name, count in pending.items() if count == 0]
    while ready:
        name = ready.pop(0)
        for other in boxes[name].after:
            boxes[other].layer = max(boxes[other].layer, boxes[name].layer + 1)
            pending[other] -= 1
            if pending[other] == 0:
                ready.append(other)
    for box in boxes.values():
        if box.kind == "input" and box.after:
            box.layer = max(0, min(boxes[other].layer for other in box.after) - 1)


def _pass_layers(boxes: dict[str, _Box]) -> None:
    """Put a dummy into each layer that an edge passes; all edges of one box share them, and so one line."""
    for name in list(boxes):
        box = boxes[name]
        others, box.after = box.after, []
        for other in others:
            boxes[other].before.remove(name)
        for other in sorted(others, key=lambda other: boxes[other].layer):
            last = name
            for layer in range(box.layer + 1, boxes[other].layer):
                dummy = f"edge {name} {layer}"
                if dummy not in boxes:
                    boxes[dummy] = _Box(None, layer=layer)
                    _join(boxes, last, dummy)
                last = dummy
            _join(boxes, last, other)


def _join(boxes: Mapping[str, _Box], left: str, right: str) -> None:
    boxes[left].after.append(right)
    boxes[right].before.append(left)


def _ordered(boxes: dict[str, _Box]) -> list[list[str]]:
    layers: list[list[str]] = [[] for _ in range(1 + max(box.layer for box in boxes.values()))]
    for name, box in boxes.items():
        layers[box.layer].append(name)
    for sweep in range(_SWEEPS):
        forth = sweep % 2 == 0
        for layer in layers if forth else layers[::-1]:
            place = {name: index for other in layers for index, name in enumerate(other)}
            layer.sort(key=lambda name: _centre(boxes[name], place, forth=forth, own=place[name]))
    return layers


def _centre(box: _Box, place: Mapping[str, float], *, forth: bool, own: float) -> float:
    near = box.before if forth else box.after
    return sum(place[name] for name in near) / len(near) if near else own


def _place(boxes: dict[str, _Box], layers: Sequence[Sequence[str]]) -> None:
    """Give every box its height on the page: near its neighbours, in order, never one over another."""
    for layer in layers:
        _stack(boxes, layer, [0.0] * len(layer))
    for sweep in range(_SWEEPS):
        forth = sweep % 2 == 0
        for layer in layers if forth else layers[::-1]:
            middle = {name: box.y + box.height / 2 for name, box in boxes.items()}
            wanted = [
                _centre(boxes[name], middle, forth=forth, own=middle[name]) - boxes[name].height / 2
                for name in layer
            ]
            _stack(boxes, layer, wanted)
    top = min(box.y for box in boxes.values())
    for box in boxes.values():
        box.y += _MARGIN - top


def _stack(boxes: dict[str, _Box], layer: Sequence[str], wanted: Sequence[float]) -> None:
    """Move boxes down until none overlaps, then all of them back by what that has cost on average."""
    free = float("-inf")
    for name, y in zip(layer, wanted, strict=True):
        boxes[name].y = max(y, free)
        free = boxes[name].y + boxes[name].height + _ROW_GAP
    drift = sum(boxes[name].y - y for name, y in zip(layer, wanted, strict=True)) / len(layer)
    for name in layer:
        boxes[name].y -= drift


def _drawn(boxes: Mapping[str, _Box], layers: Sequence[Sequence[str]]) -> Lineage:
    shown = [boxes[name] for layer in layers for name in layer]
    return Lineage(
        width=len(layers) * (WIDTH + _COLUMN_GAP) - _COLUMN_GAP + 2 * _MARGIN,
        height=round(max(box.y + box.height for box in shown) + _MARGIN, 1),
        nodes=tuple(
            Node(
                kind=box.kind,
                label=box.label,
                note=box.note,
                title=box.title,
                x=_left(box),
                y=round(box.y, 1),
            )
            for box in shown
            if box.kind is not None
        ),
        edges=tuple(_path(box, boxes[other]) for box in shown for other in box.after),
    )


def _left(box: _Box) -> float:
    return float(_MARGIN + box.layer * (WIDTH + _COLUMN_GAP))


def _path(box: _Box, other: _Box) -> str:
    """A smooth line from one box to the left side of one in the next layer; a dummy is passed straight."""
    x, y, to_y = _left(box), box.y + box.height / 2, other.y + other.height / 2
    start = f"M{x + WIDTH:.1f} {y:.1f}" if box.kind else f"M{x:.1f} {y:.1f}H{x + WIDTH:.1f}"
    x, to_x, bend = x + WIDTH, _left(other), _COLUMN_GAP / 2
    return f"{start}C{x + bend:.1f} {y:.1f} {to_x - bend:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"
