"""The real command in its sandbox, over a model of 144 numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from release_tasks.errors import CommandFailed, FormatError
from release_tasks.policy.parity_rows import parse_rows
from release_tasks.stages.artifacts_action import inspect_artifacts
from release_tasks.stages.parity import pairs_of_formats
from release_tasks.stages.parity_action import measure_parity
from tests.fakes.small_project import SmallProject, small_project
from tests.fakes.tiny_logits import COMMAND, PROMPTS, WEIGHTS, gguf, lying, pair, prompts, safetensors

FILES = {
    "model.safetensors": safetensors(),
    "model.gguf": gguf(),
    "logits.py": COMMAND.encode(),
    "prompts.jsonl": prompts(),
}


def project(root: Path, files: Mapping[str, bytes], table: str) -> SmallProject:
    artifacts = 'gguf = ["model.gguf"]\nextra = ["other.safetensors"]'
    return small_project(
        root, more=table, artifacts=artifacts, files={**FILES, "other.safetensors": safetensors(), **files}
    )


def evidence(made: SmallProject) -> Any:
    made.run("parity:f32", measure_parity)
    return json.loads((made.root / ".release/records/parity/f32.json").read_bytes())


def test_a_pair_is_measured_and_bound_to_all_that_it_read(tmp_path: Path) -> None:
    made = project(tmp_path, {}, pair())
    found = evidence(made)
    assert sorted(found["subjects"]) == ["logits.py", "model.gguf", "model.safetensors", "prompts.jsonl"]
    data = found["data"]
    assert (data["name"], data["kind"], data["steps"], data["min_tau"]) == ("f32", "fp32", 24, None)
    assert data["reference"] == {
        "path": "model.safetensors",
        "digest": found["subjects"]["model.safetensors"],
        "wanted_format": "safetensors",
        "format": "safetensors",
    }
    assert (data["candidate"]["wanted_format"], data["candidate"]["format"]) == ("gguf", "gguf")
    for row, prompt in zip(data["rows"], PROMPTS, strict=True):
        assert (row["tau"], row["informative"], row["tokens"]) == (1.0, 24, len(prompt) + 24)
        assert row["reference_nll"] == row["candidate_nll"] > 0
        assert (row["self_delta_nll"], row["path"]) == (0.0, row["again"])


def test_rows_hold_what_a_replay_needs(tmp_path: Path) -> None:
    """B19, with thresholds of the pair before those of the kind."""
    made = project(tmp_path, {}, pair(more="seed = 5\nmin_tau = 0.9"))
    subjects = evidence(made)["subjects"]
    rows = parse_rows((made.root / ".release/records/parity/f32.rows.jsonl").read_bytes(), where="rows")
    assert [row.prompt for row in rows] == list(PROMPTS)
    row = rows[0]
    assert row.tokens[:4] == (0, *(1 + ord(char) % 11 for char in "abc"))
    assert (len(row.tokens), row.prompt_tokens, row.steps, row.seed) == (28, 4, 24, 5)
    assert str(row.reference[1]) == subjects["model.safetensors"]
    assert str(row.candidate[1]) == subjects["model.gguf"]
    assert [(path, str(digest)) for path, digest in row.files] == [("logits.py", subjects["logits.py"])]
    assert (row.min_tau, row.max_nll, row.commit, row.fails) == (0.9, 0.01, None, False)
    assert row.command == ("python", "logits.py", "{model}")


def test_a_spoilt_candidate_is_measured_and_its_rows_are_flagged(tmp_path: Path) -> None:
    made = project(tmp_path, {"model.gguf": gguf(WEIGHTS[::-1])}, pair())
    found = evidence(made)["data"]["rows"]
    assert all(row["tau"] is None or row["tau"] < 0.6 for row in found)
    rows = parse_rows((made.root / ".release/records/parity/f32.rows.jsonl").read_bytes(), where="rows")
    assert all(row.fails for row in rows)


@pytest.mark.parametrize(
    ("candidate", "format_found"),
    [(FILES["model.safetensors"], "safetensors"), (b"neither", None)],
)
def test_a_file_that_is_not_what_it_says_is_recorded_and_not_run(
    tmp_path: Path, candidate: bytes, format_found: str | None
) -> None:
    """B18: a converter that only copies."""
    made = project(tmp_path, {"model.gguf": candidate, "logits.py": b"raise SystemExit(1)"}, pair())
    data = evidence(made)["data"]
    assert (data["candidate"]["format"], data["rows"]) == (format_found, [])
    assert (made.root / ".release/records/parity/f32.rows.jsonl").read_bytes() == b""


def test_two_names_for_the_same_bytes_are_recorded_and_not_run(tmp_path: Path) -> None:
    files = {"logits.py": b"raise SystemExit(1)"}
    data = evidence(project(tmp_path, files, pair(candidate="other.safetensors")))["data"]
    assert (data["candidate"]["digest"], data["rows"]) == (data["reference"]["digest"], [])


def test_runs_that_differ_are_evidence(tmp_path: Path) -> None:
    """B21: the command draws its path from the process, so a second process takes another."""
    drawn = "table = [table[(n + int.from_bytes(os.urandom(1), 'big')) % 144] for n in range(144)]\n"
    command = COMMAND.replace("\ndef lie", f"\n{drawn}\ndef lie")
    rows = evidence(project(tmp_path, {"logits.py": command.encode()}, pair()))["data"]["rows"]
    assert any(row["path"] != row["again"] for row in rows)


def test_a_reference_that_scores_otherwise_than_it_chose_is_evidence(tmp_path: Path) -> None:
    shifted = lying(
        "answer['nll'] = [value + (request['op'] == 'score') for value in answer['nll']]; return answer"
    )
    rows = evidence(project(tmp_path, {"logits.py": shifted.encode()}, pair()))["data"]["rows"]
    assert [round(row["self_delta_nll"], 9) for row in rows] == [1.0] * len(PROMPTS)
    assert [row["reference_nll"] - row["candidate_nll"] for row in rows] == [0.0] * len(PROMPTS)


def test_a_side_does_not_see_the_file_of_the_other(tmp_path: Path) -> None:
    """A command that answers from the reference whatever it is asked about must not get at it."""
    cheat = COMMAND.replace("sys.argv[1]", "'model.safetensors'", 1)
    table = pair().replace('reads = ["logits.py"]', 'reads = ["logits.py", "model.*"]')
    made = project(tmp_path, {"logits.py": cheat.encode()}, table)
    with pytest.raises(CommandFailed) as caught:
        made.run("parity:f32", measure_parity)
    assert caught.value.what.startswith("step parity-f32-candidate ")


LIES = {
    "short": "answer['nll'].pop(); return answer",
    "swapped": "answer['id'] = 3 - answer['id'] if request['id'] < 4 else answer['id']; return answer",
    "nan": "answer['nll'][0] = float('nan'); return answer",
    "twice": "answer['top'][2][1] = answer['top'][2][0]; return answer",
}
SAID = {
    "short": "nll has the wrong length",
    "swapped": "id of the answer is another",
    "nan": "not a JSON number",
    "twice": "top[2] names a token twice",
}


@pytest.mark.parametrize("lie", LIES)
def test_a_command_that_breaks_the_protocol_is_told_so(tmp_path: Path, lie: str) -> None:
    made = project(tmp_path, {"logits.py": lying(LIES[lie]).encode()}, pair())
    with pytest.raises(CommandFailed) as caught:
        made.run("parity:f32", measure_parity)
    assert caught.value.what == f"the logits command of [parity.f32], reference: {SAID[lie]}"
    assert caught.value.where == "answer to request 0 (greedy)"
    assert caught.value.hint == "the protocol is described in docs/reference/logits-protocol.md"
    assert not (made.root / ".release/records/parity").exists()


def test_prompts_that_are_none_are_refused(tmp_path: Path) -> None:
    made = project(tmp_path, {"prompts.jsonl": b""}, pair())
    with pytest.raises(FormatError, match="there is no prompt"):
        made.run("parity:f32", measure_parity)


def test_b15_pairs_lead_back_to_the_model(tmp_path: Path) -> None:
    """A chain vouches, a circle and a stranger do not; and a copy of another format is named."""
    tables = (
        pair("f32")
        + pair("q8", kind="quantised", candidate="q8.gguf").replace(
            'reference = "model.safetensors"', 'reference = "model.gguf"'
        )
        + pair("a", candidate="a.gguf").replace('reference = "model.safetensors"', 'reference = "b.gguf"')
        + pair("b", candidate="b.gguf").replace('reference = "model.safetensors"', 'reference = "a.gguf"')
    )
    names = ["model", "q8", "a", "b", "none"]
    made = small_project(
        tmp_path,
        more=tables,
        artifacts="gguf = [" + ", ".join(f'"{name}.gguf"' for name in names) + "]",
        files={**FILES, **{f"{name}.gguf": gguf() for name in names}, "q8.gguf": gguf(WEIGHTS[::-1])},
    )
    assert pairs_of_formats(made.plan.release) == {
        "model.gguf": ("f32",),
        "q8.gguf": ("q8",),
        "a.gguf": (),
        "b.gguf": (),
        "none.gguf": (),
    }
    made.run("artifacts", inspect_artifacts)
    record = json.loads((made.root / ".release/records/artifacts.json").read_bytes())
    assert record["data"]["formats"][:2] == [
        {"path": "model.gguf", "pairs": ["f32"], "copies": ["a.gguf", "b.gguf", "none.gguf"]},
        {"path": "q8.gguf", "pairs": ["q8"], "copies": []},
    ]
