# ruff: noqa: S314 - what was drawn a moment ago is read
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.formats.inline_svg import inline_svg

SVG = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns:xlink="http://www.w3.org/1999/xlink" xmlns="http://www.w3.org/2000/svg" width="9pt" height="9pt"
 version="1.1" viewBox="0 0 9 9">
 <metadata><x/></metadata>
 <defs><style type="text/css">*{stroke-linejoin: round}</style></defs>
 <g id="figure_1"><path id="used" d="M0 0" style="fill: #000001; stroke: none"/>
 <use xlink:href="#used" style="fill: #000002; stroke: #000001; stroke-width: 2" clip-path="url(#clip)"/>
 <text style="font: 9px 'DejaVu Sans'; text-anchor: middle" fill="#000001">a</text></g>
 <defs><clipPath id="clip"><rect width="1"/></clipPath></defs>
</svg>"""
COLOURS = {"#000001": "ink", "#000002": "line"}


def test_styles_become_attributes_and_classes_and_ids_are_made_unique() -> None:
    assert inline_svg(SVG, key="k", colours=COLOURS, title="T", description="D") == (
        '<svg viewBox="0 0 9 9" class="chart" role="img" aria-labelledby="k-title k-desc">'
        '<title id="k-title">T</title><desc id="k-desc">D</desc>'
        '<g><path d="M0 0" stroke="none" class="fill-ink" id="k-used" />'
        '<use clip-path="url(#k-clip)" href="#k-used" stroke-width="2" class="fill-line stroke-ink" />'
        '<text font-size="9" text-anchor="middle" class="fill-ink">a</text></g>'
        '<defs><clipPath id="k-clip"><rect width="1" /></clipPath></defs></svg>'
    )


def test_a_colour_without_a_name_is_a_bug() -> None:
    with pytest.raises(KeyError):
        inline_svg(SVG, key="k", colours={"#000001": "ink"}, title="T", description="D")


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Co", "Cn"])))
def test_titles_are_escaped(text: str) -> None:
    found = inline_svg(SVG, key="k", colours=COLOURS, title=text, description=text)
    root = ET.fromstring(found)
    assert [root[0].text or "", root[1].text or ""] == [text, text]
    assert len(root) == 4
