"""The page as a file: its structure, what it says of its sources, and what hostile words cannot do."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

import release_tasks
from release_tasks.errors import IntegrityError
from release_tasks.stages.page_action import read_page
from tests.fakes.page_release import HOSTILE, rendered, write_baselines, write_page_release, write_rebuild

VOID = frozenset({"meta", "link", "input", "br"})
RENDER = """
import sys
from tests.fakes.page_release import rendered
sys.stdout.buffer.write(rendered(later=True))
"""


@dataclass
class Parsed(HTMLParser):
    """Tags with their attributes, texts, and every tag that was closed in another order."""

    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def parsed(data: bytes) -> Parsed:
    found = Parsed()
    found.feed(data.decode("utf-8"))
    found.close()
    assert (found.wrong, found.open) == ([], [])
    return found


PAGES = {
    "first": {},
    "later": {"later": True},
    "hostile": {"hostile": True},
    "refused": {"refused": True},
}


@pytest.fixture(scope="module", params=PAGES)
def page(request: pytest.FixtureRequest) -> Parsed:
    return parsed(rendered(**PAGES[request.param]))


def test_it_is_a_page_with_landmarks_and_one_title(page: Parsed) -> None:
    assert page.named("html") == [{"lang": "en"}]
    head = [tag for tag, _ in page.tags]
    assert head[: head.index("body")].count("title") == 1
    for tag in ("header", "nav", "main", "footer", "h1"):
        assert len(page.named(tag)) == 1, tag
    assert page.named("a")[0] == {"class": "skip", "href": "#main"}
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in page.named("meta")


def test_headings_leave_no_level_out(page: Parsed) -> None:
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


def test_it_asks_nobody_for_anything(page: Parsed) -> None:
    assert not page.named("script")
    assert not page.named("iframe")
    assert not page.named("img")
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")], tag
        assert "style" not in attributes, tag
        for name in ("href", "src", "srcset", "action", "data"):
            value = attributes.get(name) or "#"
            assert value.startswith("#") or (tag, value) == ("link", "data:,"), (tag, value)
    (policy,) = [meta["content"] or "" for meta in page.named("meta") if "http-equiv" in meta]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives.pop("style-src").startswith("'sha256-")
    assert directives == {
        "default-src": "'none'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_every_id_is_unique_and_every_reference_is_met(page: Parsed) -> None:
    ids = [str(attributes["id"]) for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in page.tags:
        target = attributes.get("href") or ""
        if target.startswith("#"):
            assert target[1:] in ids
        assert set((attributes.get("aria-labelledby") or "").split()) <= set(ids)


def test_every_picture_has_words_and_every_region_that_scrolls_a_name_and_the_keyboard(page: Parsed) -> None:
    assert page.named("svg")
    for svg in page.named("svg"):
        assert svg["role"] == "img"
        assert svg.get("aria-labelledby") or svg.get("aria-label")
    regions = [
        attributes for _, attributes in page.tags if "scroll" in (attributes.get("class") or "").split()
    ]
    assert regions
    assert all(region["tabindex"] == "0" and region["aria-label"] for region in regions)


def test_every_chart_has_a_table_of_its_data(page: Parsed) -> None:
    charts = [svg for svg in page.named("svg") if svg.get("class") == "chart"]
    assert charts
    assert len(page.named("figure")) == len(charts)
    labels = [attributes.get("aria-label") or "" for _, attributes in page.tags]
    assert sum(label.startswith("Data of ") for label in labels) == len(charts)


def test_hostile_words_stay_words() -> None:
    found = parsed(rendered(hostile=True))
    assert "".join(found.texts).count(HOSTILE) > 12
    assert b"<script" not in rendered(hostile=True)
    said = [
        value for _, attributes in found.tags for value in attributes.values() if value and HOSTILE in value
    ]
    assert said


def test_a_first_release_says_so_and_a_later_one_shows_what_was_before() -> None:
    first, later = (" ".join("".join(parsed(rendered(later=one)).texts).split()) for one in (False, True))
    assert "This is the first release that is known here: there is nothing to compare with." in first
    assert "Nothing of this release was rebuilt yet: no level is claimed." in first
    assert "1.0.0 beside 3 earlier releases" in later
    assert "Reproduced; level 1, rebuilt on this machine under variation." in later
    assert "baselines/0.9.0.json" in later
    assert "1.0.0.attestations/rebuild.json" in later


def test_a_refused_candidate_shows_what_refused_it_first() -> None:
    found = parsed(rendered(refused=True))
    rows = [attributes.get("class") or "" for attributes in found.named("tr") if "class" in attributes]
    assert rows[:3] == ["is-fail", "is-warn", "is-pass"]
    assert "Reject" in found.texts


def test_every_number_of_the_evidence_is_listed_with_its_source(tmp_path: Path) -> None:
    """P16."""
    folder, root = write_page_release(tmp_path / "release")
    figures = read_page(folder, root=root).content.figures
    text = rendered().decode("utf-8")
    assert len(figures) > 25
    for figure in figures.values():
        assert f'<th scope="row">{figure.name}</th><td class="n nowrap">{figure.text}</td>' in text
        assert f'title="{figure.sha256.hex}"' in text


def test_the_same_release_is_the_same_page_in_any_process() -> None:
    root = Path(release_tasks.__file__).parent.parent
    pages = set()
    for seed, zone, language in (("1", "Pacific/Kiritimati", "C"), ("2", "America/St_Johns", "C.UTF-8")):
        env = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": language, "PYTHONPATH": str(root)}
        done = subprocess.run(
            [sys.executable, "-c", RENDER], env=env, cwd=root, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
        pages.add(done.stdout)
    assert pages == {rendered(later=True)}


def test_a_report_of_another_release_does_not_count(tmp_path: Path) -> None:
    folder, root = write_page_release(tmp_path / "release")
    other = write_page_release(tmp_path / "other", refused=True)[1]
    write_rebuild(folder.parent, other)
    found = read_page(folder, root=root).rebuilt
    assert (found.report, found.level) == (None, None)
    assert found.why == f"it speaks of another release, root {other}"


def test_what_other_releases_measured_is_found_beside_it(tmp_path: Path) -> None:
    folder, root = write_page_release(tmp_path / "release")
    write_baselines(tmp_path, "0.1.0")
    (tmp_path / "baselines" / "broken.json").write_text("{}", "utf-8")
    hidden = folder.parent / ".staging-0.5.0" / "evidence"
    hidden.mkdir(parents=True)
    (hidden / "metrics.json").write_text("{}", "utf-8")
    found = read_page(folder, root=root).history
    assert [item.version for item in found.baselines] == ["0.1.0"]
    assert len(found.unread) == 1


def test_a_manifest_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    folder, root = write_page_release(tmp_path / "release")
    (folder / "MANIFEST.json").write_text("[]", "utf-8")
    with pytest.raises(IntegrityError) as caught:
        read_page(folder, root=root)
    assert str(caught.value).startswith("the manifest cannot be read\n")
