from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import release_tasks
from release_tasks.errors import ConfigError, FormatError, IntegrityError
from release_tasks.policy.evidence_kinds import EVIDENCE_KINDS
from release_tasks.policy.evidence_shape import misfits
from release_tasks.policy.release_check import check_release
from release_tasks.stages.dataset import STATISTICS, dataset_inputs
from release_tasks.stages.dataset_action import measure_dataset
from release_tasks.stages.dataset_digest import dataset_digest
from release_tasks.stages.frozen import declared_inputs
from release_tasks.stages.package_action import package_release
from release_tasks.system.index import leave_tick
from release_tasks.system.release_tree import read_release_tree
from release_tasks.system.stat_key import stat_key
from tests.fakes.small_dataset import TABLE, dataset_files, dataset_project, lines, record
from tests.fakes.small_project import SmallProject, small_project

SCHEMA = json.loads(
    (Path(release_tasks.__file__).parent / "schemas/dataset-statistics.schema.json").read_text("utf-8")
)


def measured(project: SmallProject) -> tuple[dict[str, Any], dict[str, Any]]:
    """The evidence and the statistics."""
    project.run("data", measure_dataset)
    evidence = json.loads((project.root / ".release/records/dataset.json").read_bytes())["data"]
    return evidence, json.loads((project.root / STATISTICS).read_bytes())


def test_a_sound_dataset_is_measured_in_full(tmp_path: Path) -> None:
    project = dataset_project(tmp_path)
    evidence, statistics = measured(project)
    assert list(misfits(evidence, EVIDENCE_KINDS["dataset"].fields)) == []
    assert evidence["schema"] == {
        "path": "data/schema.json",
        "problem": None,
        "vacuous": False,
        "unchecked_formats": [],
        "files": 2,
        "valid_files": 2,
        "records": 100,
        "valid_records": 100,
        "examples": [],
    }
    assert evidence["duplicates"] == {
        "records": 100,
        "exact": 0,
        "near": 0,
        "repeated_ids": [],
        "examples": [],
    }
    assert evidence["holdout"] == {"heldout": 10, "training": 90, "contaminated": 0, "examples": []}
    assert evidence["weights"] == {"invalid": 0, "ess_ratio": 1.0, "concentration": 0.01}
    assert (evidence["unmatched"], evidence["empty_categories"], evidence["personal_data"]) == ([], [], [])
    assert evidence["sources"] == [
        {"name": "census", "fetched_at": "2026-01-31T12:00:00Z", "status": 200, "from_cache": False}
    ]
    assert not any(evidence["texts"][key] for key in evidence["texts"] if key != "texts")
    assert statistics["categories"] == {"north": 50, "south": 50}
    assert [row["path"] for row in statistics["files"]] == [
        "data/a.jsonl",
        "data/b.jsonl",
        "data/schema.json",
    ]
    assert [(row["records"], row["valid"]) for row in statistics["files"]] == [
        (50, True),
        (50, True),
        (None, None),
    ]
    assert statistics["dataset_hash"] == str(dataset_digest(project.plan.release.dataset, project.workspace))
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(statistics)
    whole = (project.root / STATISTICS).read_bytes()
    assert evidence["statistics"] == f"sha256:{hashlib.sha256(whole).hexdigest()}"


def test_k18_k23_statistics_are_a_function_of_the_files(tmp_path: Path) -> None:
    one, two = dataset_project(tmp_path / "one"), dataset_project(tmp_path / "two" / "deeper")
    two.write("data/a.jsonl", (two.root / "data/a.jsonl").read_bytes())  # another time
    two.write(
        "census.json",
        json.dumps({"fetched_at": "2026-02-01T00:00:00Z", "status": 200, "from_cache": True}).encode(),
    )
    two.write("data/left-over.tmp", b"")  # an untracked file is told in the evidence, never in the statistics
    measured(one)
    assert measured(two)[0]["unmatched"] == ["data/left-over.tmp"]
    assert (one.root / STATISTICS).read_bytes() == (two.root / STATISTICS).read_bytes()


def test_k5_floats_have_six_decimals_and_integers_stay(tmp_path: Path) -> None:
    records = [record(n, weight=3 if n == 0 else 1) for n in range(100)]
    evidence, statistics = measured(dataset_project(tmp_path, records=records))
    assert evidence["weights"]["ess_ratio"] == 102**2 / (100 * 108)
    assert statistics["weights"]["ess_ratio"] == 0.963333
    assert isinstance(statistics["weights"]["invalid"], int)


def test_k21_every_flaw_is_counted_where_it_belongs(tmp_path: Path) -> None:
    records = [record(n) for n in range(100)]
    records[1]["story"] = 7  # no text
    records[2]["story"] = "caf\ufffd, a place in the town"
    records[3]["story"] = "short"
    records[4] = {**records[5], "id": 4}  # the same but for its id
    records[6]["story"] = records[7]["story"]  # nearly: only the story is compared
    records[9]["story"] = records[10]["story"]  # held out, and in the training data
    records[11]["story"] = (
        "Le chat est dans la rue et il ne voit pas les gens qui sont avec elle, mais elle le voit."
    )
    records[12]["story"] = records[12]["story"].replace(" she ", " he and his son, he ")
    records[13]["mock"] = True
    records[14]["weight"] = -1
    records[15]["from"] = {"age": "fallback", "sex": "estimated"}
    records[16]["version"] = "0.9.0"
    records[17]["id"] = 18
    records[19]["story"] += " Write to ana.pop@mail.md."
    records[20]["region"] = "east"
    evidence, _ = measured(dataset_project(tmp_path, records=records))
    assert list(misfits(evidence, EVIDENCE_KINDS["dataset"].fields)) == []
    assert (evidence["schema"]["valid_files"], evidence["schema"]["valid_records"]) == (1, 99)
    assert evidence["schema"]["examples"] == [
        {"record": "data/a.jsonl#2", "problem": "story: 7 is not of type 'string'"}
    ]
    assert (evidence["duplicates"]["exact"], evidence["duplicates"]["repeated_ids"]) == (1, ["18"])
    assert [(row["record"], row["original"]) for row in evidence["duplicates"]["examples"]] == [
        ("data/a.jsonl#6", "data/a.jsonl#5"),
        ("data/a.jsonl#8", "data/a.jsonl#7"),
        ("data/a.jsonl#11", "data/a.jsonl#10"),
    ]
    assert evidence["holdout"]["contaminated"] == 1
    assert evidence["holdout"]["examples"] == [
        {"record": "data/a.jsonl#10", "original": "data/a.jsonl#11", "similarity": 1.0}
    ]
    texts = {key: value for key, value in evidence["texts"].items() if key != "examples"}
    assert texts == {
        "texts": 100,
        "schema_invalid": 1,
        "unparsed": 1,
        "too_short": 1,
        "too_long": 0,
        "other_language": 1,
        "pronouns": 1,
        "mock": 1,
    }
    assert {"check": "too_short", "text": "data/a.jsonl#4: story"} in evidence["texts"]["examples"]
    assert evidence["weights"]["invalid"] == 1
    by_field = {
        row["field"]: (row["level"], row["fallback"], row["estimated"]) for row in evidence["provenance"]
    }
    assert by_field == {
        "age": ("critical", 0.01, 0.0),
        "faith": ("other", 0.01, 0.0),
        "sex": ("supercritical", 0.0, 0.01),
    }
    assert evidence["other_versions"] == [{"version": "0.9.0", "records": 1}]
    assert evidence["personal_data"] == [{"kind": "e-mail", "texts": 1, "first": "data/a.jsonl#20: story"}]
    assert "mail.md" not in json.dumps(evidence)


def test_files_that_cannot_be_read_are_named_and_not_valid(tmp_path: Path) -> None:
    project = dataset_project(tmp_path, data__a_json=b"")
    project.write("data/b.jsonl", b"{}\n[]\n")
    evidence, statistics = measured(project.again())
    assert evidence["unreadable"] == [{"path": "data/b.jsonl", "problem": "not a record: a list"}]
    assert (evidence["schema"]["files"], evidence["schema"]["valid_files"]) == (2, 1)
    assert [row["records"] for row in statistics["files"]] == [50, None, None]


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        (b"{", "not JSON: Expecting property name enclosed in double quotes at line 1 column 2"),
        (b'{"type": 7}', "not a JSON Schema: /type: 7 is not valid under any of the given schemas"),
    ],
)
def test_a_broken_schema_is_evidence_not_a_crash(tmp_path: Path, schema: bytes, problem: str) -> None:
    evidence, statistics = measured(dataset_project(tmp_path, data__schema_json=schema))
    assert evidence["schema"]["problem"] == problem
    assert (statistics["schema"]["valid_files"], "problem" in statistics["schema"]) == (0, False)


def test_what_is_not_asked_for_is_null(tmp_path: Path) -> None:
    """Data without records, and nothing declared but the files."""
    table = '[dataset]\nversion = "1"\nfiles = ["data/*.txt"]\n'
    evidence, statistics = measured(small_project(tmp_path, more=table, files={"data/a.txt": b"alpha\n"}))
    assert list(misfits(evidence, EVIDENCE_KINDS["dataset"].fields)) == []
    asked = {key for key, value in evidence.items() if value is not None}
    assert asked == {"version", "statistics", "files", "unreadable", "largest", "unmatched"}
    assert statistics["record_count"] is None


def test_nothing_is_planned_without_a_dataset(tmp_path: Path) -> None:
    project = small_project(tmp_path)
    with pytest.raises(StopIteration):
        project.step("data")


def test_what_the_statistics_depend_on_is_frozen(tmp_path: Path) -> None:
    """Class exact: a function of the locked inputs alone."""
    project = dataset_project(tmp_path)
    dataset = project.plan.release.dataset
    assert dataset is not None
    assert dataset_inputs(dataset) == ("data/*.jsonl", "data/schema.json", "targets.json")
    assert "targets.json" in declared_inputs(project.plan)
    assert "census.json" not in declared_inputs(project.plan)  # its age is judged, and stands nowhere else


def test_a_forged_row_of_state_is_noticed(tmp_path: Path) -> None:
    project = dataset_project(tmp_path)
    leave_tick(stat_key(project.root / "data/a.jsonl"))
    project.workspace.index.sha256("data/a.jsonl")
    forged = project.workspace._database.get("file/data/a.jsonl")
    assert forged is not None
    project.workspace._database.put([("file/data/a.jsonl", f"{forged[:-64]}{'0' * 64}")])
    with pytest.raises(IntegrityError, match=r"^data/a\.jsonl is not the file that the state remembers"):
        measured(project.again())


def test_records_outside_the_dataset_are_refused(tmp_path: Path) -> None:
    table = TABLE.replace('folder = "data"', 'holdout = ["held/*.jsonl"]')
    files = {**dataset_files([record(1)]), "held/c.jsonl": lines([record(2)])}
    with pytest.raises(ConfigError) as caught:
        measured(small_project(tmp_path, more=table, files=files))
    assert str(caught.value) == (
        "dataset.holdout names files that dataset.files does not\n"
        "  wanted: files of the dataset\n"
        "  found:  held/c.jsonl\n"
        "  where:  release.toml: dataset.holdout\n"
        "  hint:   add them to dataset.files: what is measured must be in the dataset's digest"
    )


@pytest.mark.parametrize("name", ["targets_json", "census_json"])
def test_damaged_targets_and_fetches_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(FormatError, match="not "):
        measured(dataset_project(tmp_path, **{name: b"{}"}))


def test_statistics_that_were_not_judged_are_not_packaged(tmp_path: Path) -> None:
    """The evidence names the digest of the statistics; what is packaged must have it."""
    table = TABLE.replace('record = "census.json"\n', "")
    project = small_project(tmp_path, more=table, files=dataset_files([record(n) for n in range(100)]))
    project.run_up_to("gate")
    project.run("package", package_release)
    staged = project.root / "release/.staging-1.0.0"
    assert (staged / "evidence/dataset_statistics.json").read_bytes() == (
        project.root / STATISTICS
    ).read_bytes()
    assert check_release(read_release_tree(staged, full=True)).problems == ()
    forged = (project.root / STATISTICS).read_bytes().replace(b'"exact":0', b'"exact":1')
    project.write(STATISTICS, forged)
    with pytest.raises(IntegrityError) as caught:
        project.run("package", package_release)
    assert caught.value.what == f"{STATISTICS} is not the file that was judged (EVIDENCE_STALE)"
    assert not staged.exists()
