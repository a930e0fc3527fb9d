"""The gate of Python distributions: wheel and source archive are of this release, and whole (C4)."""

from __future__ import annotations

from collections.abc import Iterator

from release_tasks.policy.evidence_shape import (
    COUNT,
    TEXT,
    TEXT_OR_NULL,
    EvidenceKind,
    Misfit,
    nested,
    one,
    or_null,
)
from release_tasks.policy.evidence_shape import rows as rows_of
from release_tasks.policy.gate import Gate, Rules, part_if_asked, rows, text
from release_tasks.records.gate_code import GateCode
from release_tasks.records.json_value import JSONObject
from release_tasks.records.verdict import Finding

KIND = "distribution"


def _distribution(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    for row in rows(data, "files"):
        path = text(row["path"])
        found = part_if_asked(row, "found")
        if found is None:
            yield Finding(
                code=GateCode.DISTRIBUTION_INVALID,
                subject=path,
                wanted="a Python distribution",
                found=text(row["problem"]),
            )
            continue
        yield from _identity(data, path, found)
        yield from _fallback(path, found)
        yield from _members(path, found)


def _identity(data: JSONObject, path: str, found: JSONObject) -> Iterator[Finding]:
    """The release, the file's name and the metadata inside must be of one name and one version."""
    for key, code in (
        ("name", GateCode.DISTRIBUTION_OTHER_NAME),
        ("version", GateCode.DISTRIBUTION_OTHER_VERSION),
    ):
        wanted = "a version of PEP 440 in release.version" if data[key] is None else f"{key} {data[key]}"
        for where, value in (("file name", found[key]), ("metadata inside", found[f"inside_{key}"])):
            if value != data[key]:
                yield Finding(code=code, subject=f"{path}: {where}", wanted=wanted, found=text(value))


def _fallback(path: str, found: JSONObject) -> Iterator[Finding]:
    if found["fallback"] is not None:
        yield Finding(
            code=GateCode.DISTRIBUTION_FALLBACK_VERSION,
            subject=path,
            wanted="a version that somebody chose",
            found=f"{text(found['version'])}: {text(found['fallback'])}",
        )


def _members(path: str, found: JSONObject) -> Iterator[Finding]:
    for key, code, wanted in (
        ("unsafe", GateCode.DISTRIBUTION_MEMBER_UNSAFE, "plain files below the folder of the archive"),
        ("record", GateCode.DISTRIBUTION_RECORD_MISMATCH, "the members that RECORD lists"),
    ):
        for row in rows(found, key):
            yield Finding(
                code=code, subject=f"{path}: {text(row['member'])}", wanted=wanted, found=text(row["problem"])
            )


def _contradictions(data: JSONObject) -> Iterator[Misfit]:
    """Every row has either been read or says why not, and there is one of each kind."""
    kinds = sorted(text(row["kind"]) for row in rows(data, "files"))
    if kinds != ["sdist", "wheel"]:
        yield Misfit("files", "one wheel and one sdist", ", ".join(kinds) or "none")
    for index, row in enumerate(rows(data, "files")):
        if (row["problem"] is None) != (row["found"] is not None):
            yield Misfit(
                f"files[{index}].problem", "null where the file was read, else why not", "the opposite"
            )


_PROBLEMS = rows_of({"member": TEXT, "problem": TEXT})
_KIND = one("wheel or sdist", lambda value: value in ("wheel", "sdist"))

DISTRIBUTION_KINDS: dict[str, EvidenceKind] = {
    KIND: EvidenceKind(
        fields={
            "name": TEXT,
            "version": TEXT_OR_NULL,
            "files": rows_of(
                {
                    "path": TEXT,
                    "kind": _KIND,
                    "problem": TEXT_OR_NULL,
                    "found": or_null(
                        nested(
                            {
                                "kind": _KIND,
                                "name": TEXT,
                                "version": TEXT,
                                "inside_name": TEXT,
                                "inside_version": TEXT,
                                "fallback": TEXT_OR_NULL,
                                "members": COUNT,
                                "unsafe": _PROBLEMS,
                                "record": _PROBLEMS,
                            }
                        )
                    ),
                }
            ),
        },
        contradictions=_contradictions,
    ),
}

DISTRIBUTION_GATES: tuple[Gate, ...] = (
    Gate(
        name="distribution",
        point="candidate",
        evidence=KIND,
        check=_distribution,
        doc="Wheel and source archive are of this name and version, whole, and no fallback.",
        undeclared=GateCode.DISTRIBUTION_UNDECLARED,
    ),
)
