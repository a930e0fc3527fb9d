"""The gates of the candidate point: they read evidence about the artifacts, before packaging."""

from __future__ import annotations

from collections.abc import Iterator

from release_tasks.policy.evidence_shape import (
    COUNT,
    DIGEST,
    FLAG,
    TEXT,
    TEXT_OR_NULL,
    TEXTS,
    EvidenceKind,
    Misfit,
    nested,
    or_null,
)
from release_tasks.policy.evidence_shape import rows as rows_of
from release_tasks.policy.gate import Gate, Rules, rows, text
from release_tasks.records.contract import CONTRACTS
from release_tasks.records.digest import short_digest
from release_tasks.records.gate_code import GateCode
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.verdict import Finding


def _short(value: JSON) -> str:
    return short_digest(value, absent="not there")


def _differences(data: JSONObject, code: GateCode) -> Iterator[Finding]:
    for row in rows(data, "differences"):
        yield Finding(
            code=code, subject=text(row["name"]), wanted=short_digest(row["frozen"]), found=_short(row["now"])
        )


def _lock_missing(data: JSONObject) -> Iterator[Finding]:
    if data["lock"] is not True:
        yield Finding(
            code=GateCode.LOCK_MISSING, subject="release.lock", wanted="frozen inputs", found="no lock file"
        )


def _frozen_inputs(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    yield from _lock_missing(data)
    yield from _differences(data, GateCode.LOCK_INPUTS_CHANGED)


def _frozen_outputs(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    yield from _lock_missing(data)
    yield from _differences(data, GateCode.LOCK_OUTPUTS_CHANGED)
    if data["lock"] is True and data["known"] is not True:
        yield Finding(
            code=GateCode.LOCK_NUMERIC_ID_UNKNOWN,
            subject=text(data["numeric_id"]),
            wanted="outputs frozen for this numeric id",
            found=", ".join(map(text, data["frozen_ids"]))
            if isinstance(data["frozen_ids"], list)
            else "none",
        )


def _version(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    taken = data["tag_commit"] != data["commit"] or data["experimental"] is not False
    if data["tag_commit"] is not None and taken:
        yield Finding(
            code=GateCode.VERSION_TAKEN,
            subject=text(data["tag"]),
            wanted="a version that no other commit bears",
            found=f"the tag of commit {_short(data['tag_commit'])}",
        )


def _patch(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    """A patch keeps the weights of a version that was released (R22)."""
    patch = data["patch"]
    if not isinstance(patch, dict):
        return
    base = text(patch["base"])
    files = rows(patch, "files")
    if patch["sealed"] is not True or not files or any(row["base"] is None for row in files):
        yield Finding(
            code=GateCode.PATCH_BASE_MISSING,
            subject=f"release.base {base}",
            wanted="a released version whose release.lock names the weights",
            found="no tag of it here"
            if patch["sealed"] is not True
            else "no digest of the weights in its lock",
        )
        return
    for row in files:
        if row["base"] != row["now"]:
            yield Finding(
                code=GateCode.PATCH_MODEL_CHANGED,
                subject=text(row["path"]),
                wanted=f"{short_digest(row['base'])}, as in {base}",
                found=short_digest(row["now"]),
            )


def _no_mock(data: JSONObject, rules: Rules) -> Iterator[Finding]:
    for row in rows(data, "commands"):
        found = [pattern for pattern in rules.mock_patterns if pattern in text(row["command"])]
        if found:
            yield Finding(
                code=GateCode.MOCK_IN_COMMAND,
                subject=text(row["name"]),
                wanted="a command that measures the real thing",
                found=", ".join(found),
            )


def _contract(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    for row in rows(data, "missing"):
        yield Finding(
            code=GateCode.CONTRACT_FILE_MISSING,
            subject=text(row["role"]),
            wanted=f"a file of role {row['role']} ({data['contract']})",
            found="none",
        )


def _weights(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    for row in rows(data, "invalid"):
        yield Finding(
            code=GateCode.WEIGHTS_INVALID,
            subject=text(row["path"]),
            wanted=text(row["wanted"]),
            found=text(row["problem"]),
        )


def _holds_weights(data: JSONObject) -> bool:
    return data["weights"] is not None


def _holds_model_files(data: JSONObject) -> bool:
    return _holds_weights(data) or bool(data["invalid"])


def _contract_contradictions(data: JSONObject) -> Iterator[Misfit]:
    """A contract that wants weights has them measured, and no other has."""
    contract = CONTRACTS.get(text(data["contract"]))
    if contract is None:
        yield Misfit("contract", f"one of {', '.join(CONTRACTS)}", ascii(data["contract"])[:100])
    elif contract.wants("weights") != _holds_weights(data):
        wanted = "a list" if contract.wants("weights") else "null"
        yield Misfit("weights", f"{wanted} ({contract.name})", "null" if wanted == "a list" else "a list")


def _measured(data: JSONObject) -> Iterator[Finding]:
    if not rows(data, "weights"):
        yield Finding(
            code=GateCode.WEIGHTS_INVALID,
            subject="artifacts: weights",
            wanted="weights that could be read",
            found="none",
        )


def _finite(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    yield from _measured(data)
    for row in rows(data, "weights"):
        for tensor in rows(row, "not_finite"):
            yield Finding(
                code=GateCode.WEIGHTS_NOT_FINITE,
                subject=f"{row['path']}: {tensor['tensor']}",
                wanted="finite values",
                found=f"{tensor['nan']} NaN, {tensor['infinite']} infinite of {tensor['elements']}",
            )


def _canonical(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    yield from _measured(data)
    for row in rows(data, "weights"):
        if row["canonical"] is not True:
            yield Finding(
                code=GateCode.WEIGHTS_NOT_CANONICAL,
                subject=text(row["path"]),
                wanted="the one canonical header for these tensors",
                found="another order, spacing or padding",
            )


def _self_contained(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    for row in rows(data, "pickles"):
        yield Finding(
            code=GateCode.SELF_CONTAINED_PICKLE,
            subject=text(row["path"]),
            wanted="a format that runs no code when it is loaded",
            found=text(row["problem"]),
        )
    for row in rows(data, "remote_code"):
        yield Finding(
            code=GateCode.SELF_CONTAINED_REMOTE_CODE,
            subject=text(row["path"]),
            wanted="a configuration that needs no code from elsewhere",
            found=text(row["problem"]),
        )


def _smoke(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    if data["ran"] is not True:
        yield Finding(
            code=GateCode.SMOKE_LOAD_ONLY,
            subject="[smoke]",
            wanted="a command that generates a sample",
            found="no command; every tensor was read",
        )
    elif data["ended_well"] is not True:
        yield Finding(
            code=GateCode.SMOKE_FAILED,
            subject="[smoke] command",
            wanted="exit code 0",
            found=text(data["problem"]),
        )
    elif data["sample_ok"] is not True:
        yield Finding(
            code=GateCode.SMOKE_SAMPLE_REFUSED,
            subject="[smoke] check",
            wanted=f"a sample that passes the check {text(data['check'])}",
            found=text(data["problem"]),
        )


_DIFFERENCES = rows_of({"name": TEXT, "frozen": TEXT_OR_NULL, "now": TEXT_OR_NULL})
_PROBLEMS = rows_of({"path": TEXT, "problem": TEXT})

CANDIDATE_KINDS: dict[str, EvidenceKind] = {
    "frozen-inputs": EvidenceKind(fields={"lock": FLAG, "differences": _DIFFERENCES}),
    "frozen-outputs": EvidenceKind(
        fields={
            "lock": FLAG,
            "numeric_id": TEXT,
            "known": FLAG,
            "frozen_ids": TEXTS,
            "differences": _DIFFERENCES,
        }
    ),
    "version": EvidenceKind(
        fields={
            "version": TEXT,
            "tag": TEXT,
            "tag_commit": TEXT_OR_NULL,
            "commit": TEXT_OR_NULL,
            "experimental": FLAG,
            "patch": or_null(
                nested(
                    {
                        "base": TEXT,
                        "reason": TEXT,
                        "sealed": FLAG,
                        "files": rows_of({"path": TEXT, "base": or_null(DIGEST), "now": or_null(DIGEST)}),
                    }
                )
            ),
        }
    ),
    "commands": EvidenceKind(fields={"commands": rows_of({"name": TEXT, "command": TEXT})}),
    "artifacts": EvidenceKind(
        fields={
            "contract": TEXT,
            "missing": rows_of({"role": TEXT}),
            "invalid": rows_of({"path": TEXT, "wanted": TEXT, "problem": TEXT}),
            "weights": or_null(
                rows_of(
                    {
                        "path": TEXT,
                        "canonical": FLAG,
                        "not_finite": rows_of(
                            {"tensor": TEXT, "elements": COUNT, "nan": COUNT, "infinite": COUNT}
                        ),
                    }
                )
            ),
            "pickles": _PROBLEMS,
            "remote_code": _PROBLEMS,
            "formats": rows_of({"path": TEXT, "pairs": TEXTS, "copies": TEXTS}),
        },
        contradictions=_contract_contradictions,
    ),
    "smoke": EvidenceKind(
        fields={
            "ran": FLAG,
            "ended_well": FLAG,
            "check": TEXT_OR_NULL,
            "sample_ok": FLAG,
            "sample": TEXT_OR_NULL,
            "problem": TEXT_OR_NULL,
        }
    ),
}

CANDIDATE_GATES: tuple[Gate, ...] = (
    Gate(
        name="lock-inputs",
        point="candidate",
        evidence="frozen-inputs",
        check=_frozen_inputs,
        doc="The inputs are those of release.lock.",
    ),
    Gate(
        name="lock-outputs",
        point="candidate",
        evidence="frozen-outputs",
        check=_frozen_outputs,
        doc="The outputs are those that release.lock has for this numeric id.",
    ),
    Gate(
        name="version",
        point="candidate",
        evidence="version",
        check=_version,
        doc="The version is the tag of no other commit.",
    ),
    Gate(
        name="patch",
        point="candidate",
        evidence="version",
        check=_patch,
        doc="A patch keeps the weights of the released version that it mends.",
    ),
    Gate(
        name="no-mock",
        point="candidate",
        evidence="commands",
        check=_no_mock,
        doc="No command of release.toml measures a mock.",
    ),
    Gate(
        name="contract",
        point="candidate",
        evidence="artifacts",
        check=_contract,
        doc="Every file that the release type must have is declared.",
    ),
    Gate(
        name="weights",
        point="candidate",
        evidence="artifacts",
        check=_weights,
        doc="Weights, index, tokenizer and configuration are well formed.",
        undeclared=GateCode.WEIGHTS_UNDECLARED,
        asked=_holds_model_files,
    ),
    Gate(
        name="weights-finite",
        point="candidate",
        evidence="artifacts",
        check=_finite,
        doc="No weight is NaN or infinite.",
        undeclared=GateCode.WEIGHTS_UNDECLARED,
        asked=_holds_weights,
    ),
    Gate(
        name="weights-canonical",
        point="candidate",
        evidence="artifacts",
        check=_canonical,
        doc="Safetensors headers are in canonical form.",
        undeclared=GateCode.WEIGHTS_UNDECLARED,
        asked=_holds_weights,
    ),
    Gate(
        name="self-contained",
        point="candidate",
        evidence="artifacts",
        check=_self_contained,
        doc="Nothing in the release runs code when loaded or points at code elsewhere.",
    ),
    Gate(
        name="smoke",
        point="candidate",
        evidence="smoke",
        check=_smoke,
        doc="The model loads, generates a sample, and the sample passes its check.",
        undeclared=GateCode.SMOKE_UNDECLARED,
    ),
)
