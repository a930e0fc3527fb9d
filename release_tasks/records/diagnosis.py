"""Why a rebuild came out otherwise: a probable cause, what points to it, and what to do about it."""

from __future__ import annotations

from enum import StrEnum

from release_tasks.errors import FormatError
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject


class Cause(StrEnum):
    """Known patterns of builds that do not repeat (reproducibility.md, section 4; reprotest's variations)."""

    THREADS = "threads"
    BLAS_KERNEL = "blas-kernel"
    SIMD_DISPATCH = "simd-dispatch"
    LIBC = "libc"
    RNG = "rng"
    METADATA_ORDER = "metadata-order"
    CLOCK = "clock"
    TIME_ZONE = "time-zone"
    LOCALE = "locale"
    DIRECTORY_ORDER = "directory-order"
    HASH_SEED = "hash-seed"
    MEMORY = "uninitialised-memory"
    ADDRESSES = "addresses"
    UMASK = "umask"
    HOSTNAME = "hostname"
    USER = "user"
    HOME = "home"
    PATH = "build-path"
    ENVIRONMENT = "environment"
    PACKAGES = "packages"
    UNDECLARED_INPUT = "undeclared-input"
    DIRTY_INPUT = "dirty-input"
    NETWORK = "network"
    UNKNOWN = "unknown"


@frozen
class Finding:
    """One probable cause of what a step made otherwise; `because` is what was seen, `mend` what to do."""

    cause: Cause
    because: str
    mend: str

    def to_json(self) -> JSONObject:
        """Write the finding as plain JSON."""
        return {"cause": str(self.cause), "because": self.because, "mend": self.mend}


@frozen
class Diagnosis:
    """What is known of one step that came out otherwise: how each file differs, and why, most likely first.

    `differences` are those of records.difference as plain JSON, `trials` how often the step was run for it.
    """

    step: str
    first: bool
    findings: tuple[Finding, ...]
    differences: tuple[JSONObject, ...] = ()
    trials: int = 0

    def to_json(self) -> JSONObject:
        """Write the diagnosis as plain JSON."""
        return {
            "step": self.step,
            "first": self.first,
            "findings": [finding.to_json() for finding in self.findings],
            "differences": list[JSON](self.differences),
            "trials": self.trials,
        }


def diagnosis_from_json(value: JSON, *, where: str) -> Diagnosis:
    """Read a diagnosis; raises FormatError unless it has exactly the keys that `to_json` writes."""
    match value:
        case {
            "step": str() as step,
            "first": bool() as first,
            "findings": list() as findings,
            "differences": list() as differences,
            "trials": int() as trials,
            **rest,
        } if not rest and not isinstance(trials, bool) and trials >= 0:
            return Diagnosis(
                step=step,
                first=first,
                findings=tuple(_finding(item, where) for item in findings),
                differences=tuple(_difference(item, where) for item in differences),
                trials=trials,
            )
        case _:
            raise _refuse(value, where)


def _difference(value: JSON, where: str) -> JSONObject:
    if not isinstance(value, dict):
        raise _refuse(value, where)
    return value


def _finding(value: JSON, where: str) -> Finding:
    match value:
        case {"cause": str() as cause, "because": str() as because, "mend": str() as mend, **rest} if (
            not rest
        ):
            if cause in list(Cause):
                return Finding(cause=Cause(cause), because=because, mend=mend)
    raise _refuse(value, where)


def _refuse(value: JSON, where: str) -> FormatError:
    return FormatError(
        "not a diagnosis that release_tasks writes",
        wanted="step, first, findings, differences and trials",
        found=(", ".join(sorted(value)) or "{}") if isinstance(value, dict) else type(value).__name__,
        where=where,
    )
