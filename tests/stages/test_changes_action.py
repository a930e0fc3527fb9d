"""The evidence about commits and contract, from real repositories."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import release_tasks
from release_tasks.errors import ConfigError
from release_tasks.policy.change_gates import CHANGE_KINDS
from release_tasks.policy.evidence_shape import misfits
from release_tasks.stages.baseline_action import find_baseline
from release_tasks.stages.changes_action import look_at_changes
from tests.fakes.small_project import SmallProject, small_project

_SCHEMA = json.loads((Path(release_tasks.__file__).parent / "schemas/commits.schema.json").read_bytes())


def git(root: Path, *args: str) -> str:
    done = subprocess.run(["git", *args], cwd=root, capture_output=True, check=True)
    return done.stdout.decode().strip()


def commit(root: Path, message: str) -> str:
    git(root, "commit", "-q", "--allow-empty", "-m", message)
    return git(root, "rev-parse", "HEAD")


@pytest.fixture
def project(tmp_path: Path) -> SmallProject:
    """Version 1.0.0 after a tagged 0.9.0."""
    found = small_project(tmp_path / "project")
    git(found.root, "init", "-q", "-b", "main")
    commit(found.root, "wip")
    git(found.root, "tag", "v0.9.0")
    return found


def look(found: SmallProject) -> tuple[Any, Any]:
    """The data of both records, of their shape and schema."""
    again = found.again()
    again.run("baseline", find_baseline)
    again.run("changes", look_at_changes)
    both = []
    for kind in ("commits", "contract"):
        record = json.loads((found.root / f".release/records/{kind}.json").read_bytes())
        if kind == "commits":
            jsonschema.validate(record, _SCHEMA)
        shape = CHANGE_KINDS[kind]
        assert [*misfits(record["data"], shape.fields), *shape.contradictions(record["data"])] == []
        both.append(record["data"])
    return both[0], both[1]


def test_every_commit_since_the_tag_newest_first_and_no_address(project: SmallProject) -> None:
    first = commit(project.root, "feat(data)!: other records\n\nCo-authored-by: Ada <ada@example.org>")
    second = commit(project.root, "Fix: mend the loader\n\nBREAKING CHANGE: it wants\nanother key")
    commits, contract = look(project)
    assert commits["last"]["tag"] == "v0.9.0"
    assert commits["commits"] == [
        {
            "commit": second,
            "parents": 1,
            "subject": "Fix: mend the loader",
            "type": "fix",
            "scope": None,
            "description": "mend the loader",
            "breaking_text": "it wants another key",
            "reverts": [],
            "reworded": None,
            "problems": [],
        },
        {
            "commit": first,
            "parents": 1,
            "subject": "feat(data)!: other records",
            "type": "feat",
            "scope": "data",
            "description": "other records",
            "breaking_text": "other records",
            "reverts": [],
            "reworded": None,
            "problems": [],
        },
    ]
    assert "example.org" not in json.dumps(commits)
    assert [row["commit"] for row in contract["entries"]] == [second, first]


def test_a_merge_brings_its_commits_and_says_nothing_itself(project: SmallProject) -> None:
    git(project.root, "checkout", "-q", "-b", "side")
    side = commit(project.root, "fix: count all records")
    git(project.root, "checkout", "-q", "main")
    commit(project.root, "docs: say more")
    git(project.root, "merge", "-q", "--no-edit", "side")
    commits, contract = look(project)
    merges = [row for row in commits["commits"] if row["parents"] == 2]
    assert [row["problems"] for row in merges] == [[]]
    assert len(commits["commits"]) == 3
    assert [row["commit"] for row in contract["entries"]] == [side]


def test_what_is_taken_back_within_the_range_is_no_entry(project: SmallProject) -> None:
    wrong = commit(project.root, "feat: a wrong turn")
    commit(project.root, f'Revert "feat: a wrong turn"\n\nThis reverts commit {wrong}.')
    kept = commit(project.root, "fix: the right turn")
    again = commit(project.root, f"revert: let us forget\n\nRefs: {'0' * 40}")
    _, contract = look(project)
    assert [row["commit"] for row in contract["entries"]] == [again, kept]


def test_problems_are_named(project: SmallProject) -> None:
    for message in ("feat: misc", "Say more in the README", "wip", "chore: update", "docs: readme"):
        commit(project.root, message)
    commits, _ = look(project)
    assert [(row["subject"], row["problems"]) for row in commits["commits"]] == [
        ("docs: readme", []),
        ("chore: update", []),
        ("wip", ["not conventional", "vague: words that name no change"]),
        ("Say more in the README", ["not conventional"]),
        ("feat: misc", ["vague: words that name no change"]),
    ]


def test_release_toml_gives_better_words(project: SmallProject) -> None:
    wrong = commit(project.root, "misc")
    table = (
        f'\n[[changelog.reword]]\ncommit = "{wrong[:8]}"\nmessage = "fix(data): count empty records too"\n'
    )
    file = project.plan.release.file
    file.write_text(file.read_text("utf-8") + table, "utf-8")
    commits, contract = look(project)
    (row,) = commits["commits"]
    assert (row["subject"], row["type"], row["description"], row["problems"]) == (
        "misc",
        "fix",
        "count empty records too",
        [],
    )
    assert contract["entries"][0]["scope"] == "data"
    file.write_text(file.read_text("utf-8") + table.replace(wrong[:8], wrong[:9]), "utf-8")
    with pytest.raises(ConfigError) as caught:
        look(project)
    assert str(caught.value) == (
        "a reworded commit is named twice, or names several\n"
        "  wanted: more digits of its id\n"
        f"  found:  {wrong[:9]}\n"
        "  where:  release.toml: changelog.reword"
    )


def test_a_first_release_has_no_list(tmp_path: Path) -> None:
    found = small_project(tmp_path / "project")
    git(found.root, "init", "-q", "-b", "main")
    commit(found.root, "wip")
    commits, contract = look(found)
    assert (commits["known"], commits["last"], commits["commits"]) == (True, None, [])
    assert contract["last"] is None


def test_a_shallow_clone_does_not_know(project: SmallProject, tmp_path: Path) -> None:
    commit(project.root, "fix: count all records")
    git(tmp_path, "clone", "-q", "--depth=1", project.root.as_uri(), "clone")
    (project.root / ".git").rename(project.root / "old")
    (tmp_path / "clone/.git").rename(project.root / ".git")
    commits, contract = look(project)
    assert (commits["known"], commits["commits"]) == (False, [])
    assert contract["tags_known"] is False


def test_the_contract_is_that_of_the_files(project: SmallProject) -> None:
    _, contract = look(project)
    found = contract["now"]["contract"]
    assert found["tensors"] == sorted(found["tensors"], key=lambda tensor: tensor["name"])
    assert found["tokenizer"]["tokens"] == 1
    assert found["formats"] == ["safetensors"]
    assert found["exact_root"] is None
    project.write("model.safetensors", b"not weights")
    project.write("config.json", b"{")
    _, contract = look(project)
    found = contract["now"]["contract"]
    assert (found["tensors"], [row["key"] for row in found["config"]]) == ([], [""])


def test_git_is_asked_when_head_or_the_tags_moved_and_not_else(project: SmallProject) -> None:
    step = project.step("changes")

    def fact() -> object:
        return project.again().workspace.facts(step, {}, remembered=True)

    seen = [fact()]
    project.write("other.txt", b"x")
    assert fact() == seen[0]
    commit(project.root, "docs: say more")
    seen.append(fact())
    git(project.root, "tag", "v0.9.1")
    seen.append(fact())
    git(project.root, "tag", "-f", "-a", "v0.9.1", "-m", "other words")
    seen.append(fact())
    assert len(set(seen)) == 4
    git(project.root, "pack-refs", "--all")
    assert fact() == seen[3]
