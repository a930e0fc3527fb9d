"""The gates of secrets and what a release must not carry: network use, unsafe modes, open marks."""

from __future__ import annotations

from collections.abc import Iterator

from release_tasks.config.layout import OWN_NAMES
from release_tasks.config.policy import SecretException
from release_tasks.policy.evidence_shape import (
    COUNT,
    DIGEST,
    TEXT,
    TEXT_OR_NULL,
    TEXTS,
    EvidenceKind,
    or_null,
)
from release_tasks.policy.evidence_shape import rows as rows_of
from release_tasks.policy.gate import Gate, Rules, number, rows, text
from release_tasks.records.gate_code import GateCode
from release_tasks.records.json_value import JSONObject
from release_tasks.records.manifest import MANIFEST
from release_tasks.records.verdict import Finding

# What a scan may leave out, and says so.
LEFT_OUT = frozenset({"weights", "binary"})


def _scanned(data: JSONObject) -> Iterator[Finding]:
    """Refuse a scan that proves nothing: no scanner, one that missed its planted secret, nothing scanned."""
    if not rows(data, "scanners"):
        yield _not_scanned("scanners", "a scanner", "none is installed")
    for row in rows(data, "scanners"):
        name = f"{text(row['name'])} {text(row['version'])}"
        missed = row["missed"]
        if row["problem"] is not None:
            yield _not_scanned(name, "a scan to its end", text(row["problem"]))
        elif isinstance(missed, list) and missed:
            yield _not_scanned(name, "every planted secret found", f"missed: {', '.join(map(text, missed))}")
        elif number(row, "controls") < 1:
            yield _not_scanned(name, "a planted secret for each rule", "none was planted")
    if not data["scanned"]:
        yield _not_scanned("files", "text that was scanned", "none")
    for row in rows(data, "not_scanned"):
        if row["reason"] not in LEFT_OUT:
            yield _not_scanned(text(row["path"]), "text that can be read", text(row["reason"]))


def _not_scanned(subject: str, wanted: str, found: str) -> Finding:
    return Finding(code=GateCode.SECRETS_NOT_SCANNED, subject=subject, wanted=wanted, found=found)


def _secrets(data: JSONObject, rules: Rules) -> Iterator[Finding]:
    yield from _scanned(data)
    excused = {_key(item): item for item in rules.exceptions}
    used = set()
    for row in rows(data, "secrets"):
        key = (text(row["path"]), text(row["rule"]), text(row["fingerprint"]))
        if key in excused:
            used.add(key)
            continue
        yield Finding(
            code=GateCode.SECRET_FOUND,
            subject=f"{key[0]}:{row['line']}",
            wanted="no secret",
            found=f"{key[1]}, fingerprint {key[2].removeprefix('sha256:')}",
        )
    scanned = data["scanned"]
    paths = {text(path) for path in scanned} if isinstance(scanned, list) else set()
    for key, item in excused.items():
        if key not in used and _is_judged_here(item.path, paths):
            yield Finding(
                code=GateCode.SECRET_EXCEPTION_UNUSED,
                subject=item.path,
                wanted="a finding that the exception speaks of",
                found=f"none of {item.rule}, fingerprint {item.fingerprint}",
            )


def _key(item: SecretException) -> tuple[str, str, str]:
    return item.path, item.rule, f"sha256:{item.fingerprint}"


def _is_judged_here(path: str, scanned: set[str]) -> bool:
    """Whether this scan could have used an exception: what packaging writes is scanned when it is there."""
    return path in scanned or MANIFEST in scanned or path.partition("/")[0] not in OWN_NAMES


def _network(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    for row in rows(data, "network"):
        yield Finding(
            code=GateCode.NETWORK_USE,
            subject=f"{text(row['path'])}:{row['line']}",
            wanted="a release that works offline",
            found=text(row["found"]),
        )


def _modes(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    if data["modes"] is None:  # the system has no such bits
        return
    for row in rows(data, "modes"):
        yield Finding(
            code=GateCode.FILE_MODE_UNSAFE,
            subject=text(row["path"]),
            wanted="a file that only its owner and group may write, and that runs as nobody else",
            found=text(row["found"]),
        )


def _marks(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    for row in rows(data, "marks"):
        yield Finding(
            code=GateCode.TODO_FOUND,
            subject=f"{text(row['path'])}:{row['line']}",
            wanted="finished text",
            found=text(row["mark"]),
        )


SECRET_KINDS: dict[str, EvidenceKind] = {
    "secrets": EvidenceKind(
        fields={
            "scanners": rows_of(
                {
                    "name": TEXT,
                    "version": TEXT,
                    "controls": COUNT,
                    "missed": TEXTS,
                    "problem": TEXT_OR_NULL,
                }
            ),
            "scanned": TEXTS,
            "not_scanned": rows_of({"path": TEXT, "reason": TEXT}),
            "secrets": rows_of({"path": TEXT, "line": COUNT, "rule": TEXT, "fingerprint": DIGEST}),
            "network": rows_of({"path": TEXT, "line": COUNT, "found": TEXT}),
            "modes": or_null(rows_of({"path": TEXT, "found": TEXT})),
            "marks": rows_of({"path": TEXT, "line": COUNT, "mark": TEXT}),
        }
    ),
}

SECRET_GATES: tuple[Gate, ...] = (
    Gate(
        name="secrets",
        point="candidate",
        evidence="secrets",
        check=_secrets,
        doc="No released text holds a secret, and the scan has proved that it finds one.",
    ),
    Gate(
        name="network",
        point="candidate",
        evidence="secrets",
        check=_network,
        doc="Nothing that is loaded with the model fetches anything.",
    ),
    Gate(
        name="file-modes",
        point="candidate",
        evidence="secrets",
        check=_modes,
        doc="No input is writable by everybody, setuid or setgid.",
    ),
    Gate(
        name="todo",
        point="candidate",
        evidence="secrets",
        check=_marks,
        doc="No released text holds TODO, FIXME or XXX.",
    ),
)
