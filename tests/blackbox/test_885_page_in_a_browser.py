"""The page in a real Chromium: silent, complete, readable in light, dark and on a phone, and by keyboard."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.browser import chromium
from tests.fakes.page_release import rendered

KINDS = {"later": {"later": True}, "hostile": {"hostile": True}}
# Every text that is painted, with the contrast (WCAG 2.2, 1.4.3) between its colour and what is behind it.
CONTRAST = """
const parse = (text) => { const p = text.match(/[\\d.]+/g).map(Number); return [p[0], p[1], p[2], p[3] ?? 1]; };
const light = (c) => { const f = c.slice(0, 3).map(v => { v /= 255;
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
  return 0.2126 * f[0] + 0.7152 * f[1] + 0.0722 * f[2]; };
const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
const behind = (element) => {
  const box = element.closest('g.node')?.querySelector('rect');
  if (box && element.tagName === 'text') return parse(getComputedStyle(box).fill);
  for (let e = element; e; e = e.parentElement) {
    const c = parse(getComputedStyle(e).backgroundColor); if (c[3] > 0) return c; }
  return [255, 255, 255, 1]; };
for (const d of document.querySelectorAll('details')) d.open = true;
const found = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || ['TITLE', 'DESC', 'STYLE', 'title', 'desc'].includes(element.tagName)) continue;
  const style = getComputedStyle(element);
  const colour = parse(element instanceof SVGElement ? style.fill : style.color);
  found.push([Math.round(100 * ratio(colour, behind(element))) / 100, walker.currentNode.data.trim().slice(0, 40)]);
}
return found;
"""
CHARTS = """
return [...document.querySelectorAll('svg')].map(svg => {
  const box = svg.getBoundingClientRect();
  const drawn = [...svg.querySelectorAll('path, use, rect')].filter(e => {
    const s = getComputedStyle(e); const b = e.getBoundingClientRect();
    return (s.fill !== 'none' || s.stroke !== 'none') && b.width + b.height > 0; });
  return [svg.classList[0], box.width, box.height, drawn.length]; });
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with chromium(tmp_path_factory.mktemp("browser")) as session:
        yield session


@pytest.fixture(scope="module", params=KINDS)
def address(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("page") / "1.0.0.html"
    file.write_bytes(rendered(**KINDS[request.param]))
    return file.as_uri()


def show(browser: Any, address: str, *, width: int = 1200, scheme: str = "light", media: str = "") -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get(address)


def test_it_says_nothing_on_the_console_and_asks_for_no_other_file(browser: Any, address: str) -> None:
    browser.get("about:blank")
    browser.get_log("performance")
    browser.get_log("browser")
    show(browser, address)
    browser.execute_script("for (const d of document.querySelectorAll('details')) d.open = true;")
    assert browser.get_log("browser") == []
    events = [json.loads(item["message"])["message"] for item in browser.get_log("performance")]
    asked = {
        item["params"]["request"]["url"] for item in events if item["method"] == "Network.requestWillBeSent"
    }
    assert asked - {"data:,"} == {address}


@pytest.mark.parametrize("width", [1200, 360])
def test_every_chart_is_visible(browser: Any, address: str, width: int) -> None:
    show(browser, address, width=width)
    charts = browser.execute_script(CHARTS)
    assert {kind for kind, *_ in charts} == {"chart", "spark", "lineage"}
    for kind, wide, high, drawn in charts:
        assert wide > 60, kind
        assert high > 15, kind
        assert drawn > 0, kind


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_is_readable(browser: Any, address: str, scheme: str) -> None:
    show(browser, address, scheme=scheme)
    found = browser.execute_script(CONTRAST)
    assert len(found) > 300
    assert [item for item in found if item[0] < 4.5] == []


def test_both_schemes_are_painted_and_print_is_always_light(browser: Any, address: str) -> None:
    seen = {}
    for scheme, media in (("light", ""), ("dark", ""), ("dark", "print")):
        show(browser, address, scheme=scheme, media=media)
        colours = (
            "return [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
        )
        seen[scheme, media] = browser.execute_script(colours)
    assert seen["light", ""] == ["rgb(247, 247, 244)", "rgb(27, 36, 48)"]
    assert seen["dark", ""] == ["rgb(17, 22, 29)", "rgb(229, 234, 241)"]
    assert seen["dark", "print"] == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]


@pytest.mark.parametrize("width", [320, 360, 768, 1200])
def test_the_page_itself_never_scrolls_sideways(browser: Any, address: str, width: int) -> None:
    show(browser, address, width=width)
    browser.execute_script("for (const d of document.querySelectorAll('details')) d.open = true;")
    root = "document.documentElement"
    wide, room = browser.execute_script(f"return [{root}.scrollWidth, {root}.clientWidth]")
    assert wide <= room <= width


def test_the_keyboard_reaches_everything_in_the_order_of_the_page(browser: Any, address: str) -> None:
    show(browser, address)
    wanted = browser.execute_script(
        "return [...document.querySelectorAll('a[href], input:checked, summary, [tabindex=\"0\"]')]"
        ".filter(e => e.checkVisibility({contentVisibilityAuto: true}))"
        ".map((e, i) => { e.dataset.place = i; return i; })"
    )
    reached = []
    for _ in range(len(wanted)):
        for kind in ("rawKeyDown", "keyUp"):
            browser.execute_cdp_cmd(
                "Input.dispatchKeyEvent",
                {"type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9},
            )
        reached.append(int(browser.execute_script("return document.activeElement.dataset.place ?? -1")))
    assert reached == wanted
    assert len(wanted) > 25


def test_gates_are_filtered_without_a_script(browser: Any, address: str) -> None:
    show(browser, address)
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(address)
        assert browser.find_elements("css selector", "#gates tbody tr")
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    rows = "return [...document.querySelectorAll('#gates tbody tr')].filter(e => e.checkVisibility()).length"
    every = browser.execute_script(rows)
    passed = browser.execute_script("return document.querySelectorAll('#gates tbody tr.is-pass').length")
    browser.find_element("id", "show-pass").click()
    assert browser.execute_script(rows) == passed
    browser.find_element("id", "show-all").click()
    assert browser.execute_script(rows) == every


def test_it_can_be_printed(browser: Any, address: str) -> None:
    show(browser, address)
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert len(printed["data"]) > 20_000


def test_hostile_words_run_nothing(browser: Any, tmp_path: Path) -> None:
    file = tmp_path / "hostile.html"
    file.write_bytes(rendered(hostile=True))
    show(browser, file.as_uri())
    assert browser.execute_script("return document.scripts.length") == 0
    assert "<script>alert(1)</script>" in browser.execute_script("return document.body.innerText")
