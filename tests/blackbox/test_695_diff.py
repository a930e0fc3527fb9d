"""Two releases of one project, with another seed, other words and another record, compared as a user does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from project import Project, release_first, write_project

import release_tasks

SCHEMA = json.loads(
    (Path(release_tasks.__file__).parent / "schemas/release-difference.schema.json").read_bytes()
)
DATASET = """[dataset]
version = "1.0.0"
files = ["records/*.jsonl"]
id = "id"
text = ["text"]
min_chars = 1

[smoke]
"""
RECORDS = [
    '{"id": "first", "text": "one"}',
    '{"id": "second", "text": "two"}',
    '{"id": "third", "text": "three"}',
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with the releases 1.0.0 and 1.1.0."""
    made = write_project(tmp_path_factory.mktemp("diff") / "project")
    made.replace("release.toml", "[smoke]\n", DATASET)
    made.write("records/all.jsonl", "\n".join(RECORDS) + "\n")
    made.replace("scripts/train.py", '{"words": words}', '{"words": words, "scale": scale}')
    release_first(made)
    made.replace(
        "release.toml", 'version = "1.0.0"\nlicense = "Apache-2.0"', 'version = "1.1.0"\nlicense = "MIT"'
    )
    made.replace("release.toml", 'version = "1.0.0"\nfiles', 'version = "1.1.0"\nfiles')
    made.replace("release.toml", "seed = 7", "seed = 8")
    made.replace("release.toml", "scale = 2", "scale = 3")
    made.write("data/two.txt", "beta epsilon\n")
    made.write(
        "records/all.jsonl",
        "\n".join([RECORDS[0], RECORDS[1].replace("two", "2"), '{"id": "new", "text": "four"}']) + "\n",
    )
    done = made.doit("freeze", "--update")
    assert done.returncode == 0, done.stdout + done.stderr
    made.commit("another seed")
    done = made.doit("release")
    assert done.returncode == 0, done.stdout + done.stderr
    return made


def report(project: Project, *args: str) -> dict[str, Any]:
    done = project.doit("diff", *args, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    value: dict[str, Any] = json.loads(done.stdout)
    jsonschema.Draft202012Validator(SCHEMA).validate(value)
    return value


def test_what_changed_is_told_and_by_how_much(project: Project) -> None:
    done = project.doit("diff", "release/1.0.0", "release/1.1.0")
    assert (done.returncode, done.stderr) == (0, "")
    for line in (
        "# tiny 1.0.0 → tiny 1.1.0",
        "Level none: tensors differ.",
        "`model.safetensors`: 1 tensor, 1 changed",
        "| `embedding` | changed | F32 | 4 | 4 of 4 | 10 | 6990507 | [0] |",
        "- 1 token added: `epsilon` 2",
        "- 1 token removed: `delta` 2",
        "| `scale` | `2.0` | `3.0` |",
        "- 1 record added: `new`",
        "- 1 record removed: `third`",
        "- 1 record changed: `second`",
        "- 1 file changed: `records/all.jsonl`",
        "| `quality.json` | `mean` | 7.29167 | 12.5 | — | — | +71.43 % | changed |",
        '| `license` | `"Apache-2.0"` | `"MIT"` |',
        "| `training_seed` | `7` | `8` |",
    ):
        assert line in done.stdout.splitlines(), done.stdout


def test_the_same_by_program_and_between_any_forms(project: Project) -> None:
    found = report(project, "release/1.0.0", "release/1.1.0")
    assert report(project, "release/tiny-1.0.0.zip", "release/tiny-1.1.0.tar") == {
        **found,
        "before": {**found["before"], "path": "release/tiny-1.0.0.zip"},
        "after": {**found["after"], "path": "release/tiny-1.1.0.tar"},
    }
    back = report(project, "release/1.1.0", "release/1.0.0")
    assert back["dataset"]["records"]["added"] == found["dataset"]["records"]["removed"] == ["third"]
    (metric,) = found["metrics"]
    assert (metric["name"], metric["judgement"], metric["direction"]) == ("mean", "changed", None)


def test_exit_codes(project: Project) -> None:
    both = ("release/1.0.0", "release/1.1.0")
    assert project.doit("diff", *both, "--exit-code").returncode == 1
    done = project.doit("diff", "release/1.0.0", "release/tiny-1.0.0.zip", "--exit-code")
    assert done.returncode == 0
    root = report(project, "release/1.0.0", "release/tiny-1.0.0.tar")["after"]["root"]
    assert done.stdout == f"tiny 1.0.0 and tiny 1.0.0 are identical: root {root}\n"
    assert report(project, *both, "--max-abs", "10.0")["level"] == "tolerance"
    done = project.tasks("diff", *both, "--max-ulp", "-1")
    assert (done.returncode, done.stderr) == (
        3,
        "--max-ulp is not a limit\n  wanted: a number, 0 or more\n  found:  -1\n",
    )
    done = project.tasks("diff", "release/1.0.0")
    assert (done.returncode, done.stderr.splitlines()[0]) == (3, "wrong number of paths")
    done = project.tasks("diff", "release/1.0.0", "release/9.9.9")
    assert (done.returncode, done.stderr.splitlines()[0]) == (3, "no such release")


def test_elsewhere_the_files_of_the_dataset_are_compared(project: Project, tmp_path: Path) -> None:
    folder = Project(tmp_path)
    paths = (str(project.path(f"release/{version}")) for version in ("1.0.0", "1.1.0"))
    done = folder.tasks("diff", *paths, "--json")
    dataset = json.loads(done.stdout)["dataset"]
    assert (dataset["compared"], dataset["files"]["changed"]) == ("files", ["records/all.jsonl"])
    assert dataset["note"].startswith("records were not compared: no 'records/all.jsonl' at commit ")
    assert dataset["records"] is None
