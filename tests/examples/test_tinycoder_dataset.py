from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).resolve().parents[2]
CODER = ROOT / "examples" / "tinycoder"
RECORDS = [json.loads(path.read_bytes()) for path in sorted((CODER / "data" / "records").glob("*.json"))]
TRAIN = [record for record in RECORDS if record["split"] == "train"]
HELDOUT = [record for record in RECORDS if record["split"] == "heldout"]


def without_names(record: dict[str, str]) -> tuple[str, str]:
    """The core: prompt and solution with the function's and the variable's names blanked."""
    found = re.match(r"def (\w+)\((\w+)\):", record["solution"])
    assert found is not None
    function, variable = found.groups()
    what = record["prompt"].split(": " if "that will" not in record["prompt"] else " that will ", 1)[1]
    body = re.sub(rf"\b{variable}\b", "V", record["solution"].split("\n", 1)[1])
    return re.sub(rf"\b{variable}\b", "V", what), body.replace(f"{function}(", "F(")


def test_the_generator_writes_the_committed_bytes(tmp_path: Path) -> None:
    command = [sys.executable, str(CODER / "make_dataset.py"), "--out", str(tmp_path)]
    subprocess.run(command, check=True, env={"PYTHONHASHSEED": "7"}, cwd=tmp_path, capture_output=True)
    written = {path.name: path.read_bytes() for path in tmp_path.glob("*.json")}
    assert written == {path.name: path.read_bytes() for path in (CODER / "data" / "records").glob("*.json")}


def test_every_record_follows_the_schema_and_is_named_by_its_id() -> None:
    schema = json.loads((CODER / "data" / "schema.json").read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    problems = [(r["id"], error.message) for r in RECORDS for error in validator.iter_errors(r)]
    assert problems == []
    names = sorted(path.stem for path in (CODER / "data" / "records").glob("*"))
    assert names == [record["id"] for record in RECORDS]


@pytest.mark.parametrize(
    "change",
    [
        {"extra": 1},
        {"split": "test"},
        {"id": "maths-001"},
        {"tests": []},
        {"prompt": ""},
        {"solution": "lambda x: x\n"},
    ],
)
def test_the_schema_refuses(change: dict[str, object]) -> None:
    validator = jsonschema.Draft202012Validator(json.loads((CODER / "data" / "schema.json").read_bytes()))
    assert validator.is_valid(RECORDS[0])
    assert not validator.is_valid({**RECORDS[0], **change})


def test_there_are_enough_records_of_every_category_in_both_splits() -> None:
    assert len(RECORDS) >= 400
    for split in (TRAIN, HELDOUT):
        counts = Counter(record["category"] for record in split)
        assert set(counts) == {"arithmetic", "branch", "compare", "list", "loop", "string"}
        assert min(counts.values()) >= 15


@pytest.mark.parametrize("field", ["prompt", "solution"])
def test_no_held_out_text_is_in_training(field: str) -> None:
    assert {record[field] for record in HELDOUT} & {record[field] for record in TRAIN} == set()


def test_no_held_out_record_is_a_training_record_with_other_names() -> None:
    seen = [without_names(record) for record in TRAIN]
    asked = [without_names(record) for record in HELDOUT]
    assert {what for what, _ in asked} & {what for what, _ in seen} == set()
    assert {body for _, body in asked} & {body for _, body in seen} == set()


def test_solutions_pass_their_tests_and_a_changed_number_mostly_fails_them() -> None:
    """Tests that would accept nearly any code would make pass@1 worthless."""
    mutants = caught = 0
    for record in RECORDS:
        space: dict[str, object] = {}
        exec(record["solution"] + "\n".join(record["tests"]), space)  # noqa: S102
        for found in re.finditer(r"(?<![\w'])\d+", record["solution"]):
            other = (
                record["solution"][: found.start()]
                + str(int(found[0]) + 1)
                + record["solution"][found.end() :]
            )
            mutants += 1
            try:
                exec(other + "\n".join(record["tests"]), {})  # noqa: S102
            except Exception:  # noqa: BLE001 - a mutant may fail in any way
                caught += 1
    assert mutants > 1000
    assert caught / mutants > 0.9, f"{caught} of {mutants}"
