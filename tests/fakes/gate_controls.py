"""For every gate what it must refuse or warn of, with the exact code: its positive controls, by domain."""

from __future__ import annotations

import copy
from typing import Any

from release_tasks.records.gate_code import GateCode
from tests.fakes import bench_evidence, change_evidence
from tests.fakes.gate_cases import EVIDENCE, SAMPLE

Control = tuple[str, dict[str, Any], GateCode]  # gate, the changed evidence by record name, the one code


def change(name: str, **values: Any) -> dict[str, Any]:
    """Replace some values of the sound evidence of one record."""
    return {name: {**copy.deepcopy(EVIDENCE[name]), **values}}


WEIGHT = EVIDENCE["artifacts"]["weights"][0]
NAN = {"tensor": "w", "elements": 9, "nan": 1, "infinite": 0}
MOCK = {"name": "bench:speed", "command": "python bench.py --mock"}
EXPIRED = {"gate": "smoke", "subject": "[smoke]", "by": "Ada", "expires": "2026-11-20"}
DIFFERENCE = {"name": "a", "frozen": f"sha256:{'1' * 64}", "now": None}


def _patch(**values: Any) -> dict[str, Any]:
    return change("version", patch={**EVIDENCE["version"]["patch"], **values})


CANDIDATE: list[Control] = [
    ("lock-inputs", change("frozen-inputs", lock=False), GateCode.LOCK_MISSING),
    ("lock-inputs", change("frozen-inputs", differences=[DIFFERENCE]), GateCode.LOCK_INPUTS_CHANGED),
    ("lock-outputs", change("frozen-outputs", lock=False), GateCode.LOCK_MISSING),
    ("lock-outputs", change("frozen-outputs", differences=[DIFFERENCE]), GateCode.LOCK_OUTPUTS_CHANGED),
    ("lock-outputs", change("frozen-outputs", known=False), GateCode.LOCK_NUMERIC_ID_UNKNOWN),
    ("version", change("version", tag_commit="f" * 40), GateCode.VERSION_TAKEN),
    ("version", change("version", tag_commit="f" * 40, commit=None), GateCode.VERSION_TAKEN),
    ("no-mock", change("commands", commands=[MOCK]), GateCode.MOCK_IN_COMMAND),
    ("version", change("version", experimental=True), GateCode.VERSION_TAKEN),
    ("patch", _patch(sealed=False), GateCode.PATCH_BASE_MISSING),
    ("patch", _patch(files=[]), GateCode.PATCH_BASE_MISSING),
    ("patch", _patch(files=[{"path": "m", "base": None, "now": None}]), GateCode.PATCH_BASE_MISSING),
    (
        "patch",
        _patch(files=[{"path": "m", "base": f"sha256:{'1' * 64}", "now": f"sha256:{'2' * 64}"}]),
        GateCode.PATCH_MODEL_CHANGED,
    ),
    ("contract", change("artifacts", missing=[{"role": "tokenizer"}]), GateCode.CONTRACT_FILE_MISSING),
    (
        "weights",
        change("artifacts", invalid=[{"path": "m", "wanted": "a header", "problem": "cut"}]),
        GateCode.WEIGHTS_INVALID,
    ),
    (
        "weights-finite",
        change("artifacts", weights=[{**WEIGHT, "not_finite": [NAN]}]),
        GateCode.WEIGHTS_NOT_FINITE,
    ),
    ("weights-finite", change("artifacts", weights=[]), GateCode.WEIGHTS_INVALID),
    ("weights-finite", change("artifacts", weights=None), GateCode.EVIDENCE_INVALID),
    ("contract", change("artifacts", contract="dataset/1"), GateCode.EVIDENCE_INVALID),
    ("contract", change("artifacts", contract="models/1"), GateCode.EVIDENCE_INVALID),
    (
        "weights-canonical",
        change("artifacts", weights=[{**WEIGHT, "canonical": False}]),
        GateCode.WEIGHTS_NOT_CANONICAL,
    ),
    ("weights-canonical", change("artifacts", weights=[]), GateCode.WEIGHTS_INVALID),
    (
        "self-contained",
        change("artifacts", pickles=[{"path": "m", "problem": "p"}]),
        GateCode.SELF_CONTAINED_PICKLE,
    ),
    (
        "self-contained",
        change("artifacts", remote_code=[{"path": "c", "problem": "p"}]),
        GateCode.SELF_CONTAINED_REMOTE_CODE,
    ),
    ("smoke", change("smoke", ended_well=False, sample_ok=False, problem="killed"), GateCode.SMOKE_FAILED),
    ("smoke", change("smoke", ended_well=False), GateCode.SMOKE_FAILED),
    ("smoke", change("smoke", sample_ok=False, problem="SyntaxError"), GateCode.SMOKE_SAMPLE_REFUSED),
    ("smoke", change("smoke", ran=False, sample_ok=False), GateCode.SMOKE_LOAD_ONLY),
]

_OTHER = f"sha256:{'e' * 64}"


def _frozen(key: str, **values: Any) -> dict[str, Any]:
    return change("frozen-versions", **{key: {**EVIDENCE["frozen-versions"][key], **values}})


FREEZE: list[Control] = [
    ("lock-config", change("frozen-versions", lock=False), GateCode.LOCK_MISSING),
    ("lock-config", _frozen("config", now=_OTHER), GateCode.LOCK_OUTPUTS_CHANGED),
    ("lock-config", _frozen("config", now=None), GateCode.LOCK_OUTPUTS_CHANGED),
    (
        "lock-config",
        change("frozen-versions", seeds=[{"step": "train", "frozen": 1, "now": 2}]),
        GateCode.LOCK_INPUTS_CHANGED,
    ),
    (
        "lock-config",
        change("frozen-versions", seeds=[{"step": "train", "frozen": 0, "now": None}]),
        GateCode.LOCK_INPUTS_CHANGED,
    ),
    ("lock-config", _frozen("training", seed=2), GateCode.CONFIG_INVALID_SEED),
    ("lock-config", _frozen("training", seed=None, step_seed=None), GateCode.CONFIG_INVALID_SEED),
    ("lock-config", _frozen("training", problem="seed is None", seed=None), GateCode.CONFIG_INVALID_SEED),
    ("lock-dataset", change("frozen-versions", lock=False), GateCode.LOCK_MISSING),
    ("lock-dataset", _frozen("dataset", now=_OTHER), GateCode.DATASET_VERSION_REUSED),
    ("lock-dataset", _frozen("dataset", now=_OTHER, version="1.1"), GateCode.LOCK_INPUTS_CHANGED),
    ("lock-dataset", _frozen("dataset", version="1.1"), GateCode.LOCK_INPUTS_CHANGED),
    ("lock-tokenizer", change("frozen-versions", lock=False), GateCode.LOCK_MISSING),
    ("lock-tokenizer", _frozen("tokenizer", now=_OTHER), GateCode.TOKENIZER_VERSION_REUSED),
    ("lock-tokenizer", _frozen("tokenizer", now=_OTHER, version="2"), GateCode.TOKENIZER_CHANGED),
    (
        "lock-tokenizer",
        _frozen("tokenizer", now=_OTHER, version=None, frozen_version=None),
        GateCode.TOKENIZER_CHANGED,
    ),
    ("checkpoint", change("checkpoint", released=_OTHER), GateCode.CHECKPOINT_NOT_BEST),
    ("checkpoint", change("checkpoint", direction="higher"), GateCode.CHECKPOINT_NOT_BEST),
    ("checkpoint", change("checkpoint", released=f"sha256:{'d' * 64}"), GateCode.CHECKPOINT_NOT_BEST),
    ("checkpoint", change("checkpoint", checkpoints=[]), GateCode.CHECKPOINT_RECORD_INVALID),
    ("checkpoint", change("checkpoint", problem="cut"), GateCode.CHECKPOINT_RECORD_INVALID),
    ("checkpoint", change("checkpoint", problem="x", corrupt=True), GateCode.SYSTEM_CHECKPOINT_CORRUPT),
]

_NUMBER = SAMPLE["cards"]["flaws"][0]
_CLOCK = SAMPLE["recipe"]["findings"][0]


def _flaw(rule: str) -> dict[str, Any]:
    return change("cards", flaws=[{**_NUMBER, "rule": rule}])


def _lint(rule: str) -> dict[str, Any]:
    return change("recipe", findings=[{**_CLOCK, "rule": rule}])


RECIPE: list[Control] = [
    ("cards", _flaw("section"), GateCode.CARD_SECTION_EMPTY),
    ("cards", _flaw("number"), GateCode.CARD_NUMBER_UNSOURCED),
    ("cards", _flaw("call"), GateCode.CARD_CALL_INVALID),
    ("cards", change("cards", flaws=[{**_NUMBER, "source": "other.md"}]), GateCode.EVIDENCE_INVALID),
    ("recipe", _lint("clock"), GateCode.RECIPE_NONDETERMINISTIC),
    ("recipe", _lint("unreadable"), GateCode.RECIPE_NOT_READ),
    ("recipe", _lint("unused-marker"), GateCode.RECIPE_MARKER_UNUSED),
    ("recipe", change("recipe", sources=[]), GateCode.RECIPE_NOT_READ),
    ("recipe", change("recipe", findings=[{**_CLOCK, "source": "other.py"}]), GateCode.EVIDENCE_INVALID),
    (
        "recipe",
        change("recipe", accepted=[{**_CLOCK, "rule": "unreadable", "reason": "it is mine"}]),
        GateCode.EVIDENCE_INVALID,
    ),
]


def _distribution(changes: dict[str, Any] | None = None, **values: Any) -> dict[str, Any]:
    """Change the row of the wheel, and what was found in it."""
    wheel, sdist = copy.deepcopy(EVIDENCE["distribution"]["files"])
    found = None if values.get("found", wheel) is None else {**wheel["found"], **values}
    return change("distribution", files=[{**wheel, **(changes or {}), "found": found}, sdist])


_MEMBER = [{"member": "tool/a.py", "problem": "p"}]
DISTRIBUTION: list[Control] = [
    (
        "distribution",
        _distribution({"problem": "not a wheel that can be read"}, found=None),
        GateCode.DISTRIBUTION_INVALID,
    ),
    ("distribution", _distribution(inside_name="other"), GateCode.DISTRIBUTION_OTHER_NAME),
    ("distribution", _distribution(inside_version="1.0.0"), GateCode.DISTRIBUTION_OTHER_VERSION),
    ("distribution", change("distribution", version=None), GateCode.DISTRIBUTION_OTHER_VERSION),
    ("distribution", _distribution(fallback="0.0.0"), GateCode.DISTRIBUTION_FALLBACK_VERSION),
    ("distribution", _distribution(unsafe=_MEMBER), GateCode.DISTRIBUTION_MEMBER_UNSAFE),
    ("distribution", _distribution(record=_MEMBER), GateCode.DISTRIBUTION_RECORD_MISMATCH),
    ("distribution", change("distribution", files=[]), GateCode.EVIDENCE_INVALID),
    ("distribution", _distribution({"problem": "cut"}), GateCode.EVIDENCE_INVALID),
]


def _suite(**values: Any) -> dict[str, Any]:
    return change("tests/unit", **values)


def _failed(mark: str) -> list[dict[str, str]]:
    return [{"id": "a::b", "mark": mark, "outcome": "failed", "message": "1 == 2"}]


def _skipped(mark: str, count: int = 1) -> list[dict[str, str]]:
    return [{"id": f"a::b{index}", "mark": mark, "reason": "not today"} for index in range(count)]


_NO_TESTS = {"structural": 0, "heuristic": 0}
_ALL_ADVISE = {"structural": 0, "heuristic": 2}

SUITES: list[Control] = [
    ("tests", _suite(exit_code=1, failed=_failed("structural")), GateCode.TESTS_FAILED),
    ("tests", _suite(failed=_failed("structural")), GateCode.TESTS_FAILED),  # whatever the exit code says
    ("tests", _suite(tests=_NO_TESTS, failed=_failed("structural")), GateCode.EVIDENCE_INVALID),
    ("tests", _suite(skipped=_skipped("heuristic", 3)), GateCode.EVIDENCE_INVALID),
    ("tests", _suite(exit_code=5, tests=_NO_TESTS), GateCode.TESTS_NONE_RAN),
    ("tests", _suite(tests=_ALL_ADVISE, skipped=_skipped("heuristic", 2)), GateCode.TESTS_NONE_RAN),
    ("tests", _suite(exit_code=2), GateCode.TESTS_COMMAND_FAILED),
    ("tests", _suite(exit_code=3, failed=_failed("heuristic")), GateCode.TESTS_COMMAND_FAILED),
    ("tests", _suite(missing=1), GateCode.TESTS_COMMAND_FAILED),
    ("tests", _suite(exit_code=1, missing=1, failed=_failed("heuristic")), GateCode.TESTS_COMMAND_FAILED),
    ("tests", _suite(skipped=_skipped("structural")), GateCode.TESTS_SKIPPED),
    ("tests-heuristic", _suite(exit_code=1, failed=_failed("heuristic")), GateCode.TESTS_HEURISTIC_FAILED),
    ("tests-heuristic", _suite(skipped=_skipped("heuristic")), GateCode.TESTS_SKIPPED),
    (
        "suites",
        change("suites", declared=["unit", "pipeline", "regression"]),
        GateCode.TESTS_SUITE_UNDECLARED,
    ),
]

_PAIR = EVIDENCE["parity/f32"]


def _pair(*, least: int = 1, **values: Any) -> dict[str, Any]:
    """Change something in the first rows of the pair."""
    changed = [{**row, **values} if index < least else row for index, row in enumerate(_PAIR["rows"])]
    return change("parity/f32", rows=changed)


PARITY: list[Control] = [
    (
        "parity-coverage",
        change("artifacts", formats=[{"path": "m.gguf", "pairs": [], "copies": []}]),
        GateCode.PARITY_UNDECLARED,
    ),
    (
        "parity-coverage",
        change("artifacts", formats=[{"path": "m.gguf", "pairs": ["f32"], "copies": ["n.gguf"]}]),
        GateCode.PARITY_INVALID,
    ),
    (
        "parity",
        change("parity/f32", candidate={**_PAIR["candidate"], "format": "safetensors"}),
        GateCode.PARITY_INVALID,
    ),
    (
        "parity",
        change("parity/f32", reference={**_PAIR["reference"], "format": None}),
        GateCode.PARITY_INVALID,
    ),
    (
        "parity",
        change("parity/f32", candidate={**_PAIR["candidate"], "digest": _PAIR["reference"]["digest"]}),
        GateCode.PARITY_INVALID,
    ),
    ("parity", _pair(self_delta_nll=0.011), GateCode.PARITY_INVALID),
    (
        "parity",
        change("parity/f32", kind="quantised", rows=[{**row, "tau": 0.59} for row in _PAIR["rows"]]),
        GateCode.PARITY_FAILED,
    ),
    ("parity", _pair(tokens=31), GateCode.EVIDENCE_INVALID),
    ("parity", _pair(tau=1.01), GateCode.EVIDENCE_INVALID),
    ("parity", _pair(informative=33), GateCode.EVIDENCE_INVALID),
    ("parity", _pair(again=_OTHER), GateCode.PARITY_NOT_DETERMINISTIC),
    ("parity", change("parity/f32", rows=[]), GateCode.PARITY_TOO_FEW),
    ("parity", _pair(tau=None), GateCode.PARITY_TOO_FEW),
    ("parity", _pair(informative=7), GateCode.PARITY_TOO_FEW),
    ("parity", _pair(least=2, tau=0.94), GateCode.PARITY_FAILED),
    ("parity", _pair(least=3, candidate_nll=1.511), GateCode.PARITY_FAILED),
    ("parity", _pair(candidate_nll=1.54), GateCode.PARITY_FAILED),
    ("parity", change("parity/f32", min_tau=0.96), GateCode.PARITY_FAILED),
]


def _data(key: str, *rows: dict[str, Any], **values: Any) -> dict[str, Any]:
    """Change values of one measure of the dataset, or replace its rows."""
    now = EVIDENCE["dataset"][key]
    return change("dataset", **{key: list(rows) if rows else {**now, **values}})


_FIELD = EVIDENCE["dataset"]["marginals"]["fields"][0]
_AGE, _JOB = EVIDENCE["dataset"]["provenance"]
_FETCH = EVIDENCE["dataset"]["sources"][0]
_LARGE = {"path": "a.json", "bytes": 50_000_001}
_UNMEASURED = {"schema": None, "duplicates": None, "holdout": None, "texts": None}
_BROKEN = {"records": 200, "valid_records": 199, "examples": [{"record": "a.jsonl#1", "problem": "age: -1"}]}
_UNREADABLE = {"path": "a", "problem": "no JSON"}
_PERSON = {"kind": "e-mail", "texts": 1, "first": "a.json#1: text"}

DATASET: list[Control] = [
    ("dataset", change("dataset", **_UNMEASURED, files=0, records=None, largest=[]), GateCode.DATASET_EMPTY),
    ("dataset", change("dataset", **_UNMEASURED, records=0), GateCode.DATASET_EMPTY),
    ("dataset", _data("other_versions", {"version": "2", "records": 1}), GateCode.CONFIG_VERSION_MISMATCH),
    (
        "dataset",
        {"dataset": {**_data("schema", valid_files=1)["dataset"], "unreadable": [_UNREADABLE]}},
        GateCode.DATASET_RECORDS_INVALID,
    ),
    ("dataset", change("dataset", files=4), GateCode.EVIDENCE_INVALID),
    ("dataset-schema", _data("schema", records=100, valid_records=100), GateCode.EVIDENCE_INVALID),
    ("dataset-schema", _data("schema", valid_records=199, valid_files=1), GateCode.EVIDENCE_INVALID),
    ("dataset-schema", _data("schema", valid_files=1), GateCode.EVIDENCE_INVALID),
    ("dataset-schema", _data("schema", files=4, valid_files=4), GateCode.EVIDENCE_INVALID),
    ("dataset-duplicates", _data("duplicates", records=400), GateCode.EVIDENCE_INVALID),
    ("dataset-duplicates", _data("duplicates", exact=200, near=0), GateCode.EVIDENCE_INVALID),
    ("dataset-holdout", _data("holdout", heldout=10), GateCode.EVIDENCE_INVALID),
    ("dataset-holdout", _data("holdout", contaminated=21), GateCode.EVIDENCE_INVALID),
    ("dataset-texts", _data("texts", texts=100), GateCode.EVIDENCE_INVALID),
    ("dataset-texts", _data("texts", mock=201), GateCode.EVIDENCE_INVALID),
    ("dataset-schema", change("dataset", schema=None), GateCode.DATASET_SCHEMA_UNDECLARED),
    ("dataset-schema", _data("schema", problem="type: 7"), GateCode.DATASET_SCHEMA_INVALID),
    ("dataset-schema", _data("schema", vacuous=True), GateCode.DATASET_SCHEMA_VACUOUS),
    ("dataset-schema", _data("schema", unchecked_formats=["iri"]), GateCode.DATASET_SCHEMA_VACUOUS),
    ("dataset-schema", _data("schema", **_BROKEN, valid_files=1), GateCode.DATASET_RECORDS_INVALID),
    ("dataset-duplicates", _data("duplicates", exact=4, near=0), GateCode.DATASET_DUPLICATES),
    ("dataset-duplicates", _data("duplicates", near=2), GateCode.DATASET_DUPLICATES),
    ("dataset-duplicates", _data("duplicates", repeated_ids=["7"]), GateCode.DATASET_DUPLICATES),
    (
        "dataset-sizes",
        _data("largest", _LARGE, *EVIDENCE["dataset"]["largest"][1:]),
        GateCode.DATASET_FILE_TOO_LARGE,
    ),
    ("dataset-coverage", change("dataset", empty_categories=["loop"]), GateCode.DATASET_CATEGORY_EMPTY),
    ("dataset-coverage", change("dataset", unmatched=["data/x.tmp"]), GateCode.DATASET_UNMATCHED_FILES),
    ("dataset-holdout", _data("holdout", contaminated=1), GateCode.DATASET_CONTAMINATED),
    ("dataset-holdout", _data("holdout", heldout=0, training=200), GateCode.DATASET_EMPTY),
    ("dataset-holdout", _data("holdout", heldout=200, training=0), GateCode.DATASET_EMPTY),
    ("dataset-weights", _data("weights", ess_ratio=0.49), GateCode.ESS_TOO_LOW),
    ("dataset-weights", _data("weights", concentration=0.21), GateCode.WEIGHT_CONCENTRATION_HIGH),
    ("dataset-weights", _data("weights", invalid=1), GateCode.DATASET_RECORDS_INVALID),
    ("dataset-marginals", _data("marginals", converged=False), GateCode.IPF_DIVERGENCE),
    ("dataset-marginals", _data("marginals", fields=[{**_FIELD, "l1": 0.11}]), GateCode.MARGINAL_ERROR_HIGH),
    (
        "dataset-marginals",
        _data("marginals", fields=[{**_FIELD, "l1": 0.26}, *[{**_FIELD, "l1": 0.0}] * 2]),
        GateCode.MARGINAL_ERROR_CRITICAL,
    ),
    (
        "dataset-marginals",
        _data("marginals", fields=[{**_FIELD, "provenance": "fallback"}]),
        GateCode.TARGET_FALLBACK_SUPERCRITICAL,
    ),
    (
        "dataset-provenance",
        _data("provenance", {**_AGE, "fallback": 0.51}),
        GateCode.FALLBACK_SUPERCRITICAL_FIELD,
    ),
    ("dataset-provenance", _data("provenance", {**_JOB, "fallback": 0.71}), GateCode.FALLBACK_CRITICAL_FIELD),
    ("dataset-provenance", _data("provenance", {**_JOB, "estimated": 0.1}), GateCode.ESTIMATED_FIELD_USED),
    (
        "dataset-provenance",
        _data("provenance", {**_JOB, "ethnocultural": True}),
        GateCode.ETHNOCULTURAL_FALLBACK_USED,
    ),
    ("dataset-texts", _data("texts", schema_invalid=11), GateCode.NARRATIVE_SCHEMA_INVALID),
    ("dataset-texts", _data("texts", unparsed=11), GateCode.NARRATIVE_PARSE_FAILURE),
    ("dataset-texts", _data("texts", too_short=1), GateCode.NARRATIVE_TOO_SHORT),
    ("dataset-texts", _data("texts", too_long=1), GateCode.NARRATIVE_TOO_LONG),
    ("dataset-texts", _data("texts", other_language=1), GateCode.NARRATIVE_LANGUAGE_INVALID),
    ("dataset-texts", _data("texts", pronouns=1), GateCode.NARRATIVE_PRONOUN_MISMATCH),
    ("dataset-texts", _data("texts", mock=41), GateCode.NARRATIVE_MOCK_RATIO_HIGH),
    ("dataset-pii", _data("personal_data", _PERSON), GateCode.NARRATIVE_PII_DETECTED),
    ("dataset-sources", _data("sources", {**_FETCH, "from_cache": False}), GateCode.PXWEB_FETCH_FAILED),
    (
        "dataset-sources",
        _data("sources", {**_FETCH, "fetched_at": "2026-09-22T11:59:59Z"}),
        GateCode.PXWEB_CACHE_STALE,
    ),
    (
        "dataset-sources",
        _data("sources", {**_FETCH, "fetched_at": "2026-11-21T12:00:01Z"}),
        GateCode.PXWEB_CACHE_STALE,
    ),
]

_SCANNER = EVIDENCE["secrets"]["scanners"][0]


def _found(key: str) -> dict[str, Any]:
    return change("secrets", **{key: SAMPLE["secrets"][key]})


SECRETS: list[Control] = [
    ("secrets", _found("secrets"), GateCode.SECRET_FOUND),
    ("secrets", change("secrets", scanners=[]), GateCode.SECRETS_NOT_SCANNED),
    (
        "secrets",
        change("secrets", scanners=[{**_SCANNER, "missed": ["Private Key"]}]),
        GateCode.SECRETS_NOT_SCANNED,
    ),
    ("secrets", change("secrets", scanners=[{**_SCANNER, "controls": 0}]), GateCode.SECRETS_NOT_SCANNED),
    (
        "secrets",
        change("secrets", scanners=[_SCANNER, {**_SCANNER, "problem": "exit code 1"}]),
        GateCode.SECRETS_NOT_SCANNED,
    ),
    ("secrets", change("secrets", scanned=[]), GateCode.SECRETS_NOT_SCANNED),
    (
        "secrets",
        change("secrets", not_scanned=[{"path": "config.json", "reason": "unreadable"}]),
        GateCode.SECRETS_NOT_SCANNED,
    ),
    ("network", _found("network"), GateCode.NETWORK_USE),
    ("file-modes", _found("modes"), GateCode.FILE_MODE_UNSAFE),
    ("todo", _found("marks"), GateCode.TODO_FOUND),
]

_JUDGED = EVIDENCE["evaluation/style"]["samples"]
_FAILED = {"id": "b", "score": 0.0, "problem": "no answer"}
_STYLE = "evaluation/style"
_WEIGHED = EVIDENCE[_STYLE]["criteria"]
_HALVED = [{**row, "mean": 0.5} for row in _WEIGHED]
_OTHER_MEANS = [{**_WEIGHED[0], "mean": 0.5}, _WEIGHED[1]]

EVALUATION: list[Control] = [
    ("evaluation", change(_STYLE, threshold=0.8), GateCode.EVALUATION_BELOW_THRESHOLD),
    ("evaluation", change(_STYLE, score=0.5, criteria=_HALVED), GateCode.EVALUATION_INVALID),
    ("evaluation", change(_STYLE, asked=3), GateCode.EVALUATION_INVALID),
    ("evaluation", change(_STYLE, criteria=_OTHER_MEANS), GateCode.EVALUATION_INVALID),
    (
        "evaluation",
        change(_STYLE, criteria=[{"name": "correct", "weight": 0.75, "mean": 1.0}]),
        GateCode.EVALUATION_INVALID,
    ),
    ("evaluation", change(_STYLE, asked=3, available=2), GateCode.EVALUATION_SAMPLE_SMALL),
    (
        "evaluation",
        change(_STYLE, score=0.5, samples=[_JUDGED[0], _FAILED], criteria=_HALVED),
        GateCode.EVALUATION_JUDGEMENTS_FAILED,
    ),
    ("evaluation", change(_STYLE, mock=True), GateCode.EVIDENCE_MOCK),
]

BENCH: list[Control] = bench_evidence.CONTROLS
CHANGES: list[Control] = change_evidence.CONTROLS


def _rebuild(**values: Any) -> dict[str, Any]:
    return change("seal", rebuild={**EVIDENCE["seal"]["rebuild"], **values})


_PROBLEM = {"code": "MISSING_FILE", "path": "model.safetensors", "wanted": "4 bytes", "found": "none"}
_INPUT = {"name": "data/one.txt", "frozen": f"sha256:{'1' * 64}", "now": None}
SEAL: list[Control] = [
    ("verified", change("seal", problems=[_PROBLEM]), GateCode.RELEASE_DAMAGED),
    ("source", change("seal", changed=[{"path": "README.md"}]), GateCode.SOURCE_DIRTY),
    ("inputs", change("seal", lock_released=False), GateCode.EVIDENCE_STALE),
    ("inputs", change("seal", inputs=[_INPUT]), GateCode.LOCK_INPUTS_CHANGED),
    ("source", change("seal", commit=None, dirty=None), GateCode.SOURCE_UNKNOWN),
    ("source", change("seal", dirty=True), GateCode.SOURCE_DIRTY),
    ("source", change("seal", dirty=None), GateCode.SOURCE_DIRTY),
    ("source", change("seal", head="f" * 40), GateCode.EVIDENCE_STALE),
    ("source", change("seal", head=None), GateCode.EVIDENCE_STALE),
    ("committed", change("seal", lock_committed=False), GateCode.LOCK_UNCOMMITTED),
    ("committed", change("seal", policy_committed=False), GateCode.POLICY_UNCOMMITTED),
    ("numeric-id", change("seal", numeric_known=False), GateCode.LOCK_OUTPUTS_CHANGED),
    ("plain-run", change("seal", soft=True), GateCode.RESULT_SOFT),
    ("plain-run", change("seal", snapshot=True), GateCode.RESULT_SNAPSHOT),
    ("plain-run", change("seal", policy_override=True), GateCode.POLICY_OVERRIDDEN),
    ("production", change("seal", experimental=True), GateCode.RESULT_EXPERIMENTAL),
    ("plain-run", change("seal", profile_override=True), GateCode.POLICY_OVERRIDDEN),
    ("plain-run", change("seal", not_strict=True), GateCode.POLICY_OVERRIDDEN),
    ("waivers", change("seal", waivers=[EXPIRED]), GateCode.WAIVER_EXPIRED),
    ("accepted", change("seal", accepted_root=None), GateCode.EVIDENCE_STALE),
    ("accepted", change("seal", root=None, accepted_root=None), GateCode.EVIDENCE_STALE),
    ("reproducible", change("seal", rebuild=None), GateCode.REBUILD_MISSING),
    ("reproducible", _rebuild(root=f"sha256:{'b' * 64}"), GateCode.REBUILD_MISSING),
    ("reproducible", _rebuild(levels={"bytes": 0, "tensors": 1, "tolerance": 1}), GateCode.REBUILD_LEVEL_LOW),
    (
        "reproducible",
        _rebuild(levels={"bytes": None, "tensors": 1, "tolerance": 1}),
        GateCode.REBUILD_LEVEL_LOW,
    ),
    (
        "reproducible",
        _rebuild(weights="given", levels={"bytes": None, "tensors": None, "tolerance": None}),
        GateCode.REBUILD_LEVEL_LOW,
    ),
]

CONTROLS: list[Control] = [
    *CANDIDATE,
    *FREEZE,
    *RECIPE,
    *DISTRIBUTION,
    *SUITES,
    *PARITY,
    *DATASET,
    *SECRETS,
    *EVALUATION,
    *BENCH,
    *CHANGES,
    *SEAL,
]
