from __future__ import annotations

from importlib import resources
from types import SimpleNamespace

import jinja2
import pytest

from release_tasks.errors import FormatError
from release_tasks.formats.text_template import render_document, render_given, render_template

METADATA = {
    "name": "tiny",
    "version": "1.0.0",
    "release_type": "model",
    "license": None,
    "date": None,
    "git_commit": None,
    "git_dirty": None,
    "architecture": None,
    "docs_version": None,
    "exact_root": "sha256:0",
    "reasons": {
        "docs_version": "release.toml has no release.docs_version",
        "date": "no clock",
        "git_commit": "no git",
    },
}
FILES = (SimpleNamespace(path="a.json", entry=SimpleNamespace(size=3), role="config"),)


def test_the_readme_says_why_something_is_not_known() -> None:
    """R14: what does not exist says why."""
    text = render_template("README.txt", metadata=METADATA, files=FILES).decode()
    assert text.startswith("tiny 1.0.0\n==========\n")
    assert "Date:          not known (no clock)\n" in text
    assert "Commit:        not known (no git)\n" in text
    assert "License:       not stated\n" in text
    assert "a.json                                  3 bytes  config\n" in text
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert not any(line != line.rstrip() for line in text.splitlines())


def test_sizes_stand_below_each_other_whatever_the_paths() -> None:
    long = f"evidence/{'b' * 40}.json"
    files = (*FILES, SimpleNamespace(path=long, entry=SimpleNamespace(size=12345), role="evidence"))
    text = render_template("README.txt", metadata=METADATA, files=files).decode()
    assert f"\n\n{'a.json':<54}            3 bytes  config\n" in text
    assert f"{long}        12345 bytes  evidence\n" in text


def test_a_dirty_tree_is_said() -> None:
    bent = {**METADATA, "git_commit": "c" * 40, "git_dirty": True}
    text = render_template("README.txt", metadata=bent, files=()).decode()
    assert f"Commit:        {'c' * 40}, with uncommitted changes\n" in text


@pytest.mark.parametrize("name", sorted(METADATA.keys() - {"reasons"}))
def test_a_name_that_is_not_defined_is_never_a_blank(name: str) -> None:
    bent = {key: value for key, value in METADATA.items() if key != name}
    with pytest.raises(jinja2.UndefinedError):
        render_template("README.txt", metadata=bent, files=FILES)


def test_text_is_not_escaped_like_html() -> None:
    bent = {**METADATA, "license": "A & <B>"}
    assert "License:       A & <B>\n" in render_template("README.txt", metadata=bent, files=FILES).decode()


def test_every_template_ends_in_j2() -> None:
    folder = resources.files("release_tasks").joinpath("templates")
    names = [entry.name for entry in folder.iterdir()]
    assert "README.txt.j2" in names


def test_a_template_of_a_user_is_rendered_with_what_it_is_given() -> None:
    assert render_given("Judge {{ sample.text }}.", where="r", sample={"text": "<b>"}) == "Judge <b>."


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("{{ nobody }}", "'nobody' is undefined"),
        ("{{ sample.nothing }}", "'dict object' has no attribute 'nothing'"),
        ("{{ sample", "unexpected end of template"),
        ("{{ sample.__class__.__mro__ }}", "access to attribute '__class__' of 'dict' object is unsafe."),
        ("{% include 'x' %}", "no loader for this environment specified"),
        ("{{ 1 / 0 }}", "division by zero"),
    ],
)
def test_a_template_of_a_user_cannot_reach_out(template: str, found: str) -> None:
    with pytest.raises(FormatError) as caught:
        render_given(template, where="rubric.yml: instruction", sample={"text": "x"})
    assert caught.value.what == "the template cannot be rendered"
    assert caught.value.wanted == "Jinja2 that names only sample"
    assert found in (caught.value.found or "")
    assert caught.value.where == "rubric.yml: instruction"


@pytest.mark.parametrize(
    ("template", "found", "line"),
    [
        ("{{ lipsum() }}", "'lipsum' is undefined", 1),
        ("a\n{{ [1, 2] | random }}", "No filter named 'random'.", 2),
        ("{{ given }}", "len cannot be printed, only called or looked into", 1),
        ("\n{{ facts.update({1: 2}) }}", "access to attribute 'update' of 'dict' object is unsafe.", 2),
        ("{{ facts.a }}", "'dict object' has no attribute 'a'", 1),
        ("{% include 'x' %}", "no loader for this environment specified", 1),
        ("\n\n{% for %}", "Expected an expression, got 'end of statement block'", 3),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "maximum recursion depth exceeded", 1),
    ],
)
def test_a_template_gives_the_same_text_everywhere_and_changes_nothing(
    template: str, found: str, line: int
) -> None:
    facts: dict[int, int] = {}
    with pytest.raises(FormatError) as caught:
        render_document(template, where="t.j2", given=len, facts=facts)
    assert facts == {}
    assert str(caught.value).replace(" while calling a Python object", "") == (
        "the template cannot be rendered\n"
        "  wanted: Jinja2 that names only facts, given\n"
        f"  found:  {found}\n"
        f"  where:  t.j2:{line}"
    )
