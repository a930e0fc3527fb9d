"""The gates of what was frozen by name: configuration, seeds, dataset, tokenizer, and the best checkpoint."""

from __future__ import annotations

import math
from collections.abc import Iterator

from release_tasks.policy.evidence_shape import (
    COUNT,
    DIGEST,
    FLAG,
    NUMBER,
    TEXT,
    TEXT_OR_NULL,
    EvidenceKind,
    nested,
    one,
    or_null,
)
from release_tasks.policy.evidence_shape import rows as rows_of
from release_tasks.policy.gate import Gate, Rules, number, part, rows, text
from release_tasks.records.digest import short_digest
from release_tasks.records.gate_code import GateCode
from release_tasks.records.json_value import JSONObject
from release_tasks.records.verdict import Finding

_LOCK_FILE = "release.lock"


def _no_lock(data: JSONObject) -> Iterator[Finding]:
    if data["lock"] is not True:
        yield Finding(
            code=GateCode.LOCK_MISSING, subject=_LOCK_FILE, wanted="frozen inputs", found="no lock file"
        )


def _config(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    yield from _no_lock(data)
    if data["lock"] is not True:
        return
    config = part(data, "config")
    if config["frozen"] != config["now"]:
        yield Finding(
            code=GateCode.LOCK_OUTPUTS_CHANGED,
            subject="artifacts.config",
            wanted=short_digest(config["frozen"]),
            found=short_digest(config["now"]),
        )
    yield from _training_seed(data)
    for row in rows(data, "seeds"):
        if row["frozen"] != row["now"]:
            yield Finding(
                code=GateCode.LOCK_INPUTS_CHANGED,
                subject=f"seed of step {text(row['step'])}",
                wanted=text(row["frozen"]),
                found=text(row["now"]),
            )


def _training_seed(data: JSONObject) -> Iterator[Finding]:
    """The seed that the training wrote down must be one, and that of the step that made the weights (R14)."""
    if data["training"] is None:
        return
    training = part(data, "training")
    wanted = "a whole number from 0"
    found = text(training["problem"]) if training["problem"] is not None else text(training["seed"])
    if training["step_seed"] is not None:
        wanted = f"{text(training['step_seed'])}, the seed of the step that makes the weights"
        if training["problem"] is None and training["seed"] == training["step_seed"]:
            return
    elif training["problem"] is None and training["seed"] is not None:
        return
    yield Finding(
        code=GateCode.CONFIG_INVALID_SEED,
        subject=f"{text(training['record'])}: seed",
        wanted=wanted,
        found=found,
    )


def _versioned(
    data: JSONObject, key: str, reused: GateCode, changed: GateCode, why: str
) -> Iterator[Finding]:
    """Find a version that stayed while the bytes changed, other bytes, or a version that nobody froze."""
    yield from _no_lock(data)
    if data["lock"] is not True:
        return
    row = part(data, key)
    version, frozen_version = row["version"], row["frozen_version"]
    if row["frozen"] == row["now"]:
        if version != frozen_version:
            yield Finding(
                code=GateCode.LOCK_INPUTS_CHANGED,
                subject=f"version of the {key}",
                wanted=text(frozen_version),
                found=text(version),
            )
        return
    same = version is not None and version == frozen_version
    yield Finding(
        code=reused if same else changed,
        subject=f"{key} {text(version)}" if version is not None else key,
        wanted=f"{short_digest(row['frozen'])}, frozen as version {text(frozen_version)}",
        found=short_digest(row["now"]) + why,
    )


def _dataset(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    yield from _versioned(data, "dataset", GateCode.DATASET_VERSION_REUSED, GateCode.LOCK_INPUTS_CHANGED, "")


def _tokenizer(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    why = f": {text(data['vocabulary'])}" if data["vocabulary"] is not None else ""
    yield from _versioned(
        data, "tokenizer", GateCode.TOKENIZER_VERSION_REUSED, GateCode.TOKENIZER_CHANGED, why
    )


def _best(data: JSONObject) -> JSONObject | None:
    """The checkpoint that the metric selects; of equals the one with the fewest steps, as training saw it."""
    sign = 1 if data["direction"] == "lower" else -1
    found = rows(data, "checkpoints")
    return min(found, key=lambda row: (sign * number(row, "value"), number(row, "step")), default=None)


def _checkpoint(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    if data["problem"] is not None or data["corrupt"] is not False:
        corrupt = data["corrupt"] is True
        yield Finding(
            code=GateCode.SYSTEM_CHECKPOINT_CORRUPT if corrupt else GateCode.CHECKPOINT_RECORD_INVALID,
            subject=text(data["record"]),
            wanted="all checkpoints with step, sha256 and a finite metric",
            found=text(data["problem"]),
        )
        return
    best = _best(data)
    if best is None or not math.isfinite(number(best, "value")):
        yield Finding(
            code=GateCode.CHECKPOINT_RECORD_INVALID,
            subject=text(data["record"]),
            wanted="at least one checkpoint",
            found="none",
        )
    elif best["sha256"] != data["released"]:
        metric, value = text(data["metric"]), text(best["value"])
        yield Finding(
            code=GateCode.CHECKPOINT_NOT_BEST,
            subject="artifacts.model",
            wanted=f"{short_digest(best['sha256'])}, of step {text(best['step'])} with {metric} {value}",
            found=short_digest(data["released"]),
        )


_VERSIONED = nested(
    {
        "frozen": or_null(DIGEST),
        "now": or_null(DIGEST),
        "frozen_version": TEXT_OR_NULL,
        "version": TEXT_OR_NULL,
    }
)

FREEZE_KINDS: dict[str, EvidenceKind] = {
    "frozen-versions": EvidenceKind(
        fields={
            "lock": FLAG,
            "config": nested({"frozen": or_null(DIGEST), "now": or_null(DIGEST)}),
            "dataset": _VERSIONED,
            "tokenizer": _VERSIONED,
            "vocabulary": TEXT_OR_NULL,
            "training": or_null(
                nested(
                    {
                        "record": TEXT,
                        "seed": or_null(COUNT),
                        "problem": TEXT_OR_NULL,
                        "step_seed": or_null(COUNT),
                    }
                )
            ),
            "seeds": rows_of({"step": TEXT, "frozen": or_null(COUNT), "now": or_null(COUNT)}),
        }
    ),
    "checkpoint": EvidenceKind(
        fields={
            "record": TEXT,
            "metric": TEXT,
            "direction": one("higher or lower", lambda value: value in ("higher", "lower")),
            "corrupt": FLAG,
            "problem": TEXT_OR_NULL,
            "released": DIGEST,
            "checkpoints": rows_of({"step": COUNT, "sha256": DIGEST, "value": NUMBER}),
        }
    ),
}

FREEZE_GATES: tuple[Gate, ...] = (
    Gate(
        name="lock-config",
        point="candidate",
        evidence="frozen-versions",
        check=_config,
        doc="Configuration and seeds are those of release.lock, and training recorded its seed.",
    ),
    Gate(
        name="lock-dataset",
        point="candidate",
        evidence="frozen-versions",
        check=_dataset,
        doc="The dataset is the one that was frozen under its version.",
    ),
    Gate(
        name="lock-tokenizer",
        point="candidate",
        evidence="frozen-versions",
        check=_tokenizer,
        doc="The tokenizer is the one that was frozen under its version.",
    ),
    Gate(
        name="checkpoint",
        point="candidate",
        evidence="checkpoint",
        check=_checkpoint,
        doc="The released weights are the checkpoint that the declared metric selects.",
        undeclared=GateCode.CHECKPOINT_UNDECLARED,
    ),
)
