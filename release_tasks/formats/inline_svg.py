"""SVG as matplotlib writes it becomes part of an HTML page: no styles, colours by class, unique ids.

Style attributes become presentation attributes and classes, because the page's Content-Security-Policy lets
no style in but its own; ids that nothing refers to go, as two charts may not have the same ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree as ET

_REFERENCE = re.compile(r"url\(#([^)]+)\)|^#(.+)$")
_DROPPED = frozenset({"metadata", "style", "title", "desc"})
_PAINT = ("fill", "stroke")
_FONT_SIZE = re.compile(r"([\d.]+)px")


def inline_svg(svg: str, *, key: str, colours: Mapping[str, str], title: str, description: str) -> str:
    """Rewrite one chart for the page; `key` makes its ids unique, `colours` maps hex colours to class names.

    Raises KeyError for a colour that has no name: it would be unreadable in one of the schemes.
    """
    root = ET.fromstring(svg)  # noqa: S314 - what matplotlib has just written
    _strip(root)
    named = _referenced(root)
    for element in root.iter():
        _restyle(element, colours)
        _rename(element, named, key)
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.set("class", "chart")
    root.set("role", "img")
    root.set("aria-labelledby", f"{key}-title {key}-desc")
    for index, (tag, text) in enumerate((("title", title), ("desc", description))):
        element = ET.Element(tag, {"id": f"{key}-{tag}"})
        element.text = text
        root.insert(index, element)
    return ET.tostring(root, encoding="unicode", short_empty_elements=True)


def _strip(element: ET.Element) -> None:
    """Take away namespaces, which HTML does without, and what is not drawn."""
    element.tag = element.tag.rpartition("}")[2]
    for name in list(element.attrib):
        plain = name.rpartition("}")[2]
        if plain != name:
            element.attrib[plain] = element.attrib.pop(name)
    element.text = (element.text or "").strip() or None
    element.tail = None
    for child in list(element):
        if child.tag.rpartition("}")[2] in _DROPPED:
            element.remove(child)
        else:
            _strip(child)
            if child.tag == "defs" and not len(child):
                element.remove(child)


def _referenced(root: ET.Element) -> frozenset[str]:
    found = (
        _REFERENCE.search(value)
        for element in root.iter()
        for value in (*element.attrib.values(), *_styles(element).values())
    )
    return frozenset(match[1] or match[2] for match in found if match)


def _styles(element: ET.Element) -> dict[str, str]:
    pairs = (item.partition(":") for item in element.get("style", "").split(";") if item.strip())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _restyle(element: ET.Element, colours: Mapping[str, str]) -> None:
    classes = []
    styles = _styles(element)
    element.attrib.pop("style", None)
    for name in _PAINT:
        if element.get(name, "").startswith("#"):
            styles.setdefault(name, element.attrib.pop(name))
    for name, value in styles.items():
        if name in _PAINT and value.startswith("#"):
            classes.append(f"{name}-{colours[value]}")
        elif name == "font-family":
            continue  # text is set in the letters of the page
        elif name == "font":
            size = _FONT_SIZE.search(value)
            element.set("font-size", size[1] if size else "9")
        else:
            element.set(name, value)
    if classes:
        element.set("class", " ".join(classes))


def _rename(element: ET.Element, named: frozenset[str], key: str) -> None:
    """Keep ids that are referred to, made unique; every other goes."""
    identifier = element.attrib.pop("id", None)
    if identifier in named:
        element.set("id", f"{key}-{identifier}")
    for name, value in element.attrib.items():
        if name != "id" and (match := _REFERENCE.search(value)):
            unique = f"{key}-{match[1] or match[2]}"
            element.set(name, f"url(#{unique})" if match[1] else f"#{unique}")
