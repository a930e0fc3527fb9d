"""A diagnosis is read as it was written, and in no other shape."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import release_tasks
from release_tasks.errors import FormatError
from release_tasks.records.diagnosis import Cause, Diagnosis, Finding, diagnosis_from_json
from release_tasks.records.json_value import JSON, JSONObject

TEXT = st.text(max_size=20)
FINDINGS = st.lists(
    st.builds(Finding, cause=st.sampled_from(Cause), because=TEXT, mend=TEXT), max_size=3
).map(tuple)
DIAGNOSES = st.builds(
    Diagnosis,
    step=TEXT,
    first=st.booleans(),
    findings=FINDINGS,
    differences=st.lists(st.dictionaries(TEXT, st.integers(), max_size=2), max_size=2).map(tuple),
    trials=st.integers(0, 100),
)
SAMPLE = Diagnosis(
    step="step:train",
    first=True,
    findings=(
        Finding(cause=Cause.CLOCK, because="the variation clock alone changes it", mend="leave it out"),
    ),
    trials=4,
)


@given(DIAGNOSES)
def test_what_is_written_is_read_again(diagnosis: Diagnosis) -> None:
    value = json.loads(json.dumps(diagnosis.to_json()))
    assert diagnosis_from_json(value, where="rebuild.json") == diagnosis


def test_the_published_schema_names_the_same_causes() -> None:
    schema = json.loads((Path(release_tasks.__file__).parent / "schemas/rebuild.schema.json").read_bytes())
    part = schema["properties"]["diagnosis"]
    jsonschema.Draft202012Validator(part | {"$defs": schema.get("$defs", {})}).validate([SAMPLE.to_json()])
    wrong: JSONObject = {**SAMPLE.to_json(), "step": 1}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(part | {"$defs": schema.get("$defs", {})}).validate([wrong])


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, "NoneType"),
        ([], "list"),
        ({}, "{}"),
        ({**SAMPLE.to_json(), "more": 1}, "differences, findings, first, more, step, trials"),
        ({**SAMPLE.to_json(), "trials": True}, "differences, findings, first, step, trials"),
        ({**SAMPLE.to_json(), "findings": [{"cause": "stars"}]}, "cause"),
        (
            {**SAMPLE.to_json(), "findings": [{"cause": "stars", "because": "", "mend": ""}]},
            "because, cause, mend",
        ),
        ({**SAMPLE.to_json(), "differences": [1]}, "int"),
    ],
)
def test_another_shape_is_refused(value: JSON, found: str) -> None:
    with pytest.raises(FormatError) as caught:
        diagnosis_from_json(value, where="rebuild.json")
    assert str(caught.value) == (
        "not a diagnosis that release_tasks writes\n"
        "  wanted: step, first, findings, differences and trials\n"
        f"  found:  {found}\n"
        "  where:  rebuild.json"
    )
