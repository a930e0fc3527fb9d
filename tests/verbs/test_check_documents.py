"""Whatever is changed in a document of a release is told with its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from release_tasks import __version__
from release_tasks.errors import ConfigError
from release_tasks.formats.canonical_json import dump_canonical
from release_tasks.records.digest import sha256
from release_tasks.records.manifest import MANIFEST, Manifest
from release_tasks.stages.documents_action import render_documents
from release_tasks.verbs.check_documents import check_documents
from tests.fakes import released_documents as fake

CARD = "docs/MODEL_CARD.md"


def release(folder: Path, *, generator: str = f"release_tasks {__version__}") -> Path:
    """Write the small release with all its documents."""
    files = fake.tree(environment=dump_canonical({"generator": generator}))
    for document in render_documents(fake.content_of(files)):
        files[document.path] = (document.role, "derived", document.data)
    for path, (_, _, data) in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    manifest = Manifest(
        contract="model/2",
        name="tiny",
        version="1.1.0",
        exact_root=sha256("0" * 64),
        files=fake.listed(files),
    )
    (folder / MANIFEST).write_bytes(dump_canonical(manifest.to_json()))
    return folder


def edit(folder: Path, path: str, old: str, new: str) -> int:
    """Replace a text, and return the line of it."""
    file = folder / path
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_what_was_rendered_has_no_flaw(tmp_path: Path) -> None:
    report = check_documents(release(tmp_path))
    assert (report.documents, report.flaws, report.generator) == (5, (), None)
    assert report.figures > 50
    assert report.to_json() == {
        "ok": True, "documents": 5, "figures": report.figures, "generator": None, "flaws": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("| 0.7029<!--", "| 0.7129<!--", "0.7129"),
        ("Copy it.", "Copy that.", "Copy that."),
        ("Copy it.", "It is right in 99.9 % of cases.", "99.9 %"),
        ("value: 0.5  #", "value: 0.6  #", "0.6"),
        ("## Deployment", "## Deploy", "## Deploy"),
    ],
)
def test_a_changed_line_is_told(tmp_path: Path, old: str, new: str, told: str) -> None:
    line = edit(release(tmp_path), CARD, old, new)
    flaws = check_documents(tmp_path).flaws
    assert (flaws[0].path, flaws[0].line) == (CARD, line)
    assert told in flaws[0].found


def test_a_document_that_is_cut_or_gone_is_told(tmp_path: Path) -> None:
    (release(tmp_path) / CARD).unlink()
    flaw = next(flaw for flaw in check_documents(tmp_path).flaws if flaw.path == CARD)
    assert (flaw.path, flaw.line, flaw.wanted, flaw.found) == (CARD, 1, "a document", "no such file")


def test_of_another_version_only_sources_and_sections_are_checked(tmp_path: Path) -> None:
    release(tmp_path, generator="release_tasks 0.0.1")
    edit(tmp_path, CARD, "Copy it.", "Copy that.")
    report = check_documents(tmp_path)
    assert (report.flaws, report.generator) == ((), "release_tasks 0.0.1")
    line = edit(tmp_path, CARD, "| 0.7029<!--", "| 0.7129<!--")
    source = fake.content().figures["quality.mean"].source
    (flaw,) = check_documents(tmp_path).flaws
    assert (flaw.line, flaw.wanted, flaw.found) == (line, f"0.7029, as {source} says", "0.7129")


@pytest.mark.parametrize("generator", [f"release_tasks {__version__}", "release_tasks 0.0.1"])
def test_a_number_changed_in_document_and_evidence_alike_is_told(tmp_path: Path, generator: str) -> None:
    release(tmp_path, generator=generator)
    edit(tmp_path, CARD, "| 0.7029<!--", "| 0.9029<!--")
    edit(tmp_path, "evidence/quality.json", "0.70289855", "0.90289855")
    (flaw,) = [flaw for flaw in check_documents(tmp_path).flaws if not flaw.path.startswith("docs/")]
    assert (flaw.path, flaw.line) == ("evidence/quality.json", 1)
    assert flaw.wanted.endswith(", as MANIFEST.json says")


def lines_with(folder: Path, path: str, pattern: str) -> list[tuple[int, str]]:
    """Number and text of every line of a document that holds the pattern."""
    lines = (folder / path).read_text("utf-8").split("\n")
    return [(number, line) for number, line in enumerate(lines, start=1) if re.search(pattern, line)]


@pytest.mark.parametrize("generator", [f"release_tasks {__version__}", "release_tasks 0.0.1"])
@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        (CARD, r"\d+(?=<!-- \S+ sha256)"),
        (CARD, r"\d+(?=  # \S+ sha256)"),
        ("docs/DATA_CARD.md", r"\d+(?=<!-- \S+ sha256)"),
        ("docs/PERF_COMPARISON.md", r"\d+(?=<!-- \S+ sha256:[0-9a-f]+ -->)"),
        (".eval_results/tiny.yaml", r"\d+(?=  # \S+ sha256)"),
    ],
)
def test_every_number_of_every_document_is_held_to_its_evidence(
    tmp_path: Path, path: str, pattern: str, generator: str
) -> None:
    file = release(tmp_path, generator=generator) / path
    whole = file.read_text("utf-8")
    places = [(path, number) for number, _ in lines_with(tmp_path, path, pattern)]
    assert places
    # Each line once with another number, once with another digest.
    other_digest = re.sub(
        r"(?m)(sha256:)(\w)", lambda match: match[1] + ("1" if match[2] == "0" else "0"), whole
    )
    for changed in (re.sub(pattern, "77123", whole), other_digest):
        file.write_text(changed, "utf-8")
        flaws = [(flaw.path, flaw.line) for flaw in check_documents(tmp_path).flaws]
        assert set(places) <= set(flaws)


def test_two_numbers_that_changed_places_are_told(tmp_path: Path) -> None:
    release(tmp_path, generator="release_tasks 0.0.1")
    path = "docs/PERF_COMPARISON.md"
    number, line = lines_with(tmp_path, path, r"load_ms.*<!--.*<!--")[0]
    first, second = re.findall(r"([\d.]+)<!-- \S+ sha256:\w+ -->", line)[:2]
    assert first != second
    swapped = line.replace(f"{first}<!--", "A<!--", 1).replace(f"{second}<!--", f"{first}<!--", 1)
    edit(tmp_path, path, line, swapped.replace("A<!--", f"{second}<!--", 1))
    assert [(flaw.path, flaw.line) for flaw in check_documents(tmp_path).flaws] == [(path, number)]


@pytest.mark.parametrize(
    "path", [CARD, "docs/DATA_CARD.md", "docs/PERF_COMPARISON.md", "docs/RELEASE_CHECKLIST.md"]
)
@pytest.mark.parametrize(
    "said", ["Right in 97,3 % of cases.", "<b>9</b>7\u202f% of cases", "accuracy | 93", "１２ ms"]
)
def test_a_number_that_is_put_in_is_told_whoever_made_the_release(
    tmp_path: Path, path: str, said: str
) -> None:
    file = release(tmp_path, generator="release_tasks 0.0.1") / path
    text = file.read_text("utf-8")
    file.write_text(f"{text}\n{said}\n", "utf-8")
    assert [(flaw.path, flaw.line) for flaw in check_documents(tmp_path).flaws] == [
        (path, text.count("\n") + 2)
    ]


def test_where_there_is_no_release_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        check_documents(tmp_path / "nothing")
    assert str(caught.value) == (
        "no such release\n"
        "  wanted: a release directory, with its MANIFEST.json\n"
        "  found:  none\n"
        f"  where:  {tmp_path / 'nothing'}"
    )
