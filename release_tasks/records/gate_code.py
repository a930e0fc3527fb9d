"""Machine-readable gate codes: what each means, which gate emits it, what to do (P2, P4)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Category(StrEnum):
    """What a code speaks of."""

    SUCCESS = "SUCCESS"
    LOCK = "LOCK"
    VERSION = "VERSION"
    CONTRACT = "CONTRACT"
    WEIGHTS = "WEIGHTS"
    SECURITY = "SECURITY"
    SMOKE = "SMOKE"
    EVIDENCE = "EVIDENCE"
    SOURCE = "SOURCE"
    MODE = "MODE"


class GateCode(StrEnum):
    """Every reason that a verdict can give."""

    PASS = "PASS"  # noqa: S105 - a verdict, not a password
    PASS_WITH_WARNINGS = "PASS_WITH_WARNINGS"  # noqa: S105
    LOCK_MISSING = "LOCK_MISSING"
    LOCK_INPUTS_CHANGED = "LOCK_INPUTS_CHANGED"
    LOCK_OUTPUTS_CHANGED = "LOCK_OUTPUTS_CHANGED"
    LOCK_NUMERIC_ID_UNKNOWN = "LOCK_NUMERIC_ID_UNKNOWN"
    LOCK_UNCOMMITTED = "LOCK_UNCOMMITTED"
    VERSION_TAKEN = "VERSION_TAKEN"
    CONTRACT_FILE_MISSING = "CONTRACT_FILE_MISSING"
    WEIGHTS_INVALID = "WEIGHTS_INVALID"
    WEIGHTS_NOT_FINITE = "WEIGHTS_NOT_FINITE"
    WEIGHTS_NOT_CANONICAL = "WEIGHTS_NOT_CANONICAL"
    SELF_CONTAINED_PICKLE = "SELF_CONTAINED_PICKLE"
    SELF_CONTAINED_REMOTE_CODE = "SELF_CONTAINED_REMOTE_CODE"
    SMOKE_FAILED = "SMOKE_FAILED"
    SMOKE_SAMPLE_REFUSED = "SMOKE_SAMPLE_REFUSED"
    SMOKE_LOAD_ONLY = "SMOKE_LOAD_ONLY"
    EVIDENCE_MISSING = "EVIDENCE_MISSING"
    EVIDENCE_INVALID = "EVIDENCE_INVALID"
    EVIDENCE_STALE = "EVIDENCE_STALE"
    SOURCE_UNKNOWN = "SOURCE_UNKNOWN"
    SOURCE_DIRTY = "SOURCE_DIRTY"
    POLICY_UNCOMMITTED = "POLICY_UNCOMMITTED"
    POLICY_OVERRIDDEN = "POLICY_OVERRIDDEN"
    RESULT_SOFT = "RESULT_SOFT"
    RESULT_SNAPSHOT = "RESULT_SNAPSHOT"


@dataclass(frozen=True, slots=True)
class CodeInfo:
    """What a code means: a code that is not `hard` warns, whatever its gate; `priority` is 1 (page) to 10."""

    category: Category
    hard: bool
    priority: int
    recommendation: str


CODES: dict[GateCode, CodeInfo] = {
    GateCode.PASS: CodeInfo(Category.SUCCESS, hard=False, priority=10, recommendation="nothing to do"),
    GateCode.PASS_WITH_WARNINGS: CodeInfo(
        Category.SUCCESS, hard=False, priority=10, recommendation="read the warnings before you seal"
    ),
    GateCode.LOCK_MISSING: CodeInfo(
        Category.LOCK, hard=True, priority=8, recommendation="run 'doit freeze' and commit release.lock"
    ),
    GateCode.LOCK_INPUTS_CHANGED: CodeInfo(
        Category.LOCK,
        hard=True,
        priority=8,
        recommendation="restore the input, or run 'doit freeze --update' if the change is meant",
    ),
    GateCode.LOCK_OUTPUTS_CHANGED: CodeInfo(
        Category.LOCK,
        hard=True,
        priority=4,
        recommendation="the same inputs gave other bytes: find out why before 'doit freeze --update'",
    ),
    GateCode.LOCK_NUMERIC_ID_UNKNOWN: CodeInfo(
        Category.LOCK,
        hard=False,
        priority=8,
        recommendation="run 'doit freeze' on this kind of machine to record its outputs",
    ),
    GateCode.LOCK_UNCOMMITTED: CodeInfo(
        Category.LOCK, hard=True, priority=8, recommendation="commit release.lock"
    ),
    GateCode.VERSION_TAKEN: CodeInfo(
        Category.VERSION, hard=True, priority=8, recommendation="raise release.version in release.toml"
    ),
    GateCode.CONTRACT_FILE_MISSING: CodeInfo(
        Category.CONTRACT, hard=True, priority=8, recommendation="declare the file in [artifacts]"
    ),
    GateCode.WEIGHTS_INVALID: CodeInfo(
        Category.WEIGHTS, hard=True, priority=4, recommendation="write the file again from its source"
    ),
    GateCode.WEIGHTS_NOT_FINITE: CodeInfo(
        Category.WEIGHTS, hard=True, priority=4, recommendation="train again from a finite checkpoint"
    ),
    GateCode.WEIGHTS_NOT_CANONICAL: CodeInfo(
        Category.WEIGHTS,
        hard=True,
        priority=8,
        recommendation="run 'doit canonicalize FILE', then 'doit freeze --update'",
    ),
    GateCode.SELF_CONTAINED_PICKLE: CodeInfo(
        Category.SECURITY, hard=True, priority=1, recommendation="convert the file to safetensors"
    ),
    GateCode.SELF_CONTAINED_REMOTE_CODE: CodeInfo(
        Category.SECURITY, hard=True, priority=1, recommendation="remove the reference to code outside"
    ),
    GateCode.SMOKE_FAILED: CodeInfo(
        Category.SMOKE, hard=True, priority=4, recommendation="read .release/logs/smoke.log"
    ),
    GateCode.SMOKE_SAMPLE_REFUSED: CodeInfo(
        Category.SMOKE, hard=True, priority=4, recommendation="look at the sample: it does not compile"
    ),
    GateCode.SMOKE_LOAD_ONLY: CodeInfo(
        Category.SMOKE,
        hard=False,
        priority=10,
        recommendation="declare [smoke] command so that a sample is generated and checked",
    ),
    GateCode.EVIDENCE_MISSING: CodeInfo(
        Category.EVIDENCE, hard=True, priority=6, recommendation="run 'doit release'"
    ),
    GateCode.EVIDENCE_INVALID: CodeInfo(
        Category.EVIDENCE,
        hard=True,
        priority=6,
        recommendation="remove the record below .release/records and run 'doit release'",
    ),
    GateCode.EVIDENCE_STALE: CodeInfo(
        Category.EVIDENCE, hard=True, priority=6, recommendation="run 'doit release'"
    ),
    GateCode.SOURCE_UNKNOWN: CodeInfo(
        Category.SOURCE, hard=True, priority=8, recommendation="put the project under git and commit"
    ),
    GateCode.SOURCE_DIRTY: CodeInfo(
        Category.SOURCE, hard=True, priority=8, recommendation="commit, then run 'doit release' again"
    ),
    GateCode.POLICY_UNCOMMITTED: CodeInfo(
        Category.SOURCE, hard=True, priority=8, recommendation="commit the policy file"
    ),
    GateCode.POLICY_OVERRIDDEN: CodeInfo(
        Category.MODE, hard=True, priority=8, recommendation="run 'doit release' without --policy"
    ),
    GateCode.RESULT_SOFT: CodeInfo(
        Category.MODE, hard=True, priority=8, recommendation="run 'doit release' without --soft"
    ),
    GateCode.RESULT_SNAPSHOT: CodeInfo(
        Category.MODE, hard=True, priority=8, recommendation="run 'doit release' without --snapshot"
    ),
}
