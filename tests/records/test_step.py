from __future__ import annotations

import pickle
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release_tasks.records.step import Step, Tree, Write, tree_matches
from release_tasks.system.walk import expand_glob

NAMES = st.text(st.sampled_from("ab.-]é!\n"), min_size=1, max_size=3).filter(lambda n: n not in {".", ".."})
PARTS = st.one_of(
    st.just("**"),
    st.just("*"),
    NAMES,
    st.text(st.sampled_from("ab.*?-é"), min_size=1, max_size=4).filter(
        lambda p: p not in {".", ".."} and "**" not in p
    ),
    st.sampled_from(
        ["[ab]", "[!a]", "[a-b]*", ".[ab]", "[.]a", "a[!b]", "[]a]", "[!]a]", "[a", "[^a]", "[-a]", "[.-b]?"]
    ),
)
PATTERNS = st.lists(PARTS, min_size=1, max_size=4).map("/".join)
TREES = st.sets(st.lists(NAMES, min_size=1, max_size=3).map("/".join), min_size=1, max_size=8)


def _plant(root: Path, paths: set[str]) -> list[str]:
    planted = []
    for path in sorted(paths):
        file = root / path
        if file.exists() or any(parent.is_file() for parent in file.parents):
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        planted.append(path)
    return planted


@given(PATTERNS, TREES)
@settings(max_examples=400, deadline=None)
def test_a_planned_match_is_a_match_on_the_disk(pattern: str, paths: set[str]) -> None:
    """The edge between a write and a glob is drawn while planning; the glob is expanded by another module."""
    with tempfile.TemporaryDirectory() as folder:
        planted = _plant(Path(folder), paths)
        on_disk = [path for path, _ in expand_glob(folder, pattern)]
    assert on_disk == sorted(path for path in planted if tree_matches(Tree((pattern,)), path))


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("data/*.json", "data/a.json", True),
        ("data/*.json", "data/b/a.json", False),
        ("data/*.json", "data/.a.json", False),
        ("data/.*.json", "data/.a.json", True),
        ("data/**", "data/a/b", True),
        ("data/**", "data", False),
        ("data/**", "data/.git/b", False),
        ("data/**/x", "data/x", True),
        ("data/**/x", "data/a/b/x", True),
        ("data/**/x", "data/.a/x", False),
        ("**/**", "a", True),
        ("**", "a/b", True),
        ("[!a]", "b", True),
        ("[!a]", "a", False),
        ("a.b", "axb", False),
        ("A", "a", False),
        ("a?c", "a/c", False),
        ("a", "a\n", False),
    ],
)
def test_globs(pattern: str, path: str, *, matches: bool) -> None:
    assert tree_matches(Tree((pattern,)), path) is matches


def test_a_tree_matches_when_one_of_its_patterns_does() -> None:
    tree = Tree(("a/*", "b/*"))
    assert tree_matches(tree, "b/x")
    assert not tree_matches(tree, "c/x")


def test_a_pattern_of_many_spans_is_no_bomb() -> None:
    """Ten `**` over a deep path that fails at its end must not be tried in every way."""
    assert not tree_matches(Tree(("/".join(["**", "a"] * 8) + "/b",)), "/".join(["a"] * 20))


def test_a_step_says_its_name_and_sorts_its_reads_by_kind() -> None:
    tree = Tree(("data/*",))
    step = Step(verb="step", subject="train", run="m:f", doc="", reads=("a", tree, "b"), writes=(Write("w"),))
    assert (step.name, step.files, step.trees) == ("step:train", ("a", "b"), (tree,))
    assert Step(verb="gate", run="m:f", doc="").name == "gate"
    assert pickle.loads(pickle.dumps(step)) == step
    assert (step.writes[0].role, step.writes[0].cls) == ("record", "recorded")
