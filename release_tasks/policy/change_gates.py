"""The gates of what changed since the last release: what commits say, and how much the version rises."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from release_tasks.config.schema import Versioning
from release_tasks.errors import ReleaseError
from release_tasks.policy.changelog_entries import problems_of
from release_tasks.policy.contract_shape import CONTRACT
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
    one,
    or_null,
)
from release_tasks.policy.evidence_shape import rows as rows_of
from release_tasks.policy.gate import Gate, Rules, rows, text
from release_tasks.policy.next_version import describe_rise, next_version, rises_enough
from release_tasks.policy.version_advice import (
    Promise,
    Reason,
    corrected,
    demanded,
    part_for,
    reasons_of,
)
from release_tasks.records.change_entry import ChangeEntry
from release_tasks.records.digest import short_digest
from release_tasks.records.gate_code import GateCode
from release_tasks.records.json_value import JSONObject
from release_tasks.records.model_contract import MetricContract, contract_from_json
from release_tasks.records.verdict import Finding
from release_tasks.records.version import Scheme, Version, parse_version

_TOLD = 20  # reasons that are told one by one


def _changelog(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    if data["known"] is not True:
        yield Finding(
            code=GateCode.CHANGELOG_UNKNOWN,
            subject="commits",
            wanted="the history since the last release",
            found="a shallow clone, or one without tags",
        )
    for row in rows(data, "commits"):
        for problem in problems_of(row):
            vague = problem.startswith("vague")
            yield Finding(
                code=GateCode.CHANGELOG_ENTRY_VAGUE if vague else GateCode.COMMIT_UNCONVENTIONAL,
                subject=f"commit {text(row['commit'])[:12]}",
                wanted="words that say what changed"
                if vague
                else "type: what changed, as in fix: … or feat: …",
                found=f"{ascii(row['subject'])[:200]} ({problem})",
            )


def _version_level(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    if data["tags_known"] is not True:
        yield Finding(
            code=GateCode.BASELINE_MISSING,
            subject="release tags",
            wanted="a clone with its tags, which tell the last release",
            found="a shallow clone, or one without tags",
        )
    last: Any = data["last"]
    if last is None or not _judged(data):
        return
    if last["contract"] is None:
        yield _no_contract(last)
    elif last["exact_root"] not in {None, last["contract"]["exact_root"]}:
        yield Finding(
            code=GateCode.BASELINE_INVALID,
            subject=text(last["path"]),
            wanted=f"the release that {text(last['tag'])} seals, {short_digest(last['exact_root'])}",
            found=f"the contract of {short_digest(last['contract']['exact_root'])}",
        )
    version = parse_version(text(data["version"]), _scheme(data))
    previous = parse_version(text(last["version"]), _scheme(data))
    yield from _too_low(version, previous, reasons_in(data), rules_in(data))


def _judged(data: JSONObject) -> bool:
    return data["scheme"] == "semver" and data["mode"] in {"release", "patch"}


def _no_contract(last: Mapping[str, Any]) -> Finding:
    """A release of ours leaves a baseline behind; a tag that is no seal of ours never had a contract."""
    path, tag = text(last["path"]), text(last["tag"])
    if last["exact_root"] is not None and last["problem"] is not None:
        committed = last["committed"] is True
        return Finding(
            code=GateCode.BASELINE_INVALID if committed else GateCode.BASELINE_MISSING,
            subject=path,
            wanted=f"the baseline of {tag}"
            if committed
            else f"the committed baseline of {tag}, as HEAD has it",
            found=text(last["problem"]),
        )
    return Finding(
        code=GateCode.CONTRACT_UNKNOWN,
        subject=path,
        wanted=f"a baseline with the contract of {tag}",
        found="a baseline of schema 1, without one" if last["problem"] is None else text(last["problem"]),
    )


def _too_low(
    version: Version, last: Version, reasons: tuple[Reason, ...], rules: Versioning
) -> Iterator[Finding]:
    level = demanded(reasons)
    part = part_for(level, last, rules)
    if rises_enough(last, version, part):
        return
    wanted = f"{next_version(last, part)} or higher: a {level} change since {last}"
    weighty = [
        reason for reason in reasons if not rises_enough(last, version, part_for(reason.level, last, rules))
    ]
    for reason in weighty[:_TOLD]:
        yield Finding(
            code=GateCode.VERSION_TOO_LOW,
            subject=reason.subject,
            wanted=wanted,
            found=f"{version}, {describe_rise(last, version)}, although: {reason.text}",
        )
    if len(weighty) > _TOLD:
        yield Finding(
            code=GateCode.VERSION_TOO_LOW,
            subject="release.version",
            wanted=wanted,
            found=f"{version}, and {len(weighty) - _TOLD} more reasons, {len(weighty)} in all",
        )


def _scheme(data: JSONObject) -> Scheme:
    return next(scheme for scheme in get_args(Scheme) if scheme == data["scheme"])


def rules_in(data: JSONObject) -> Versioning:
    """`[versioning]` as the evidence has it."""
    rules: Any = data["rules"]
    return Versioning(
        bump_minor_pre_major=rules["breaking_before_1"] == "minor",
        bump_patch_for_minor_pre_major=rules["feature_before_1"] == "patch",
        ignore_config=tuple(rules["ignore_config"]),
    )


def reasons_in(data: JSONObject) -> tuple[Reason, ...]:
    """Why the release is more than a patch, from evidence of the kind `contract`."""
    last: Any = data["last"]
    now: Any = data["now"]
    after = _promise(now["contract"], now["metrics"])
    # Where nothing is known of the last release, only commits speak.
    before = after if last["contract"] is None else _promise(last["contract"], last["metrics"])
    reasons = reasons_of(before, after, _entries(data), rules_in(data))
    return corrected(reasons) if data["mode"] == "patch" else reasons


def _entries(data: JSONObject) -> Iterator[ChangeEntry]:
    for row in data["entries"]:  # type: ignore[union-attr]  # a list of objects: the shape was checked
        fields: Any = row
        yield ChangeEntry(**fields)


def _promise(contract: Any, metrics: Any) -> Promise:
    return Promise(
        contract=contract_from_json(contract),
        metrics=tuple(MetricContract(row["name"], row["unit"], row["direction"]) for row in metrics),
    )


def _changelog_contradictions(data: JSONObject) -> Iterator[Misfit]:
    """Commits without anything that they follow, and problems that are not those of the words."""
    if data["last"] is None and data["commits"]:
        yield Misfit("commits", "none, for a first release", f"{len(rows(data, 'commits'))}")
    for index, row in enumerate(rows(data, "commits")):
        if row["problems"] != list(problems_of(row)):
            found = ascii(row["problems"])[:100]
            yield Misfit(f"commits[{index}].problems", ascii(list(problems_of(row))), found)


def _contract_contradictions(data: JSONObject) -> Iterator[Misfit]:
    """Versions that are none of the scheme, and a last release that is not before this one."""
    last: Any = data["last"]
    if (
        last is not None
        and last["contract"] is not None
        and not (last["committed"] and last["problem"] is None)
    ):
        yield Misfit("last.contract", "null, for a baseline that does not count", "a contract")
    found = []
    for key, written in (("version", data["version"]), ("last.version", last and last["version"])):
        try:
            found.append(None if written is None else parse_version(text(written), _scheme(data)))
        except ReleaseError:
            # A snapshot of a calendar release has a version that no release of its scheme can have.
            if key != "version" or _judged(data):
                yield Misfit(key, f"a {text(data['scheme'])} version", ascii(written)[:100])
    if len(found) == 2 and found[0] is not None and found[1] is not None and found[1] >= found[0]:
        yield Misfit("last.version", f"a version before {found[0]}", str(found[1]))


_COMMIT = one(
    "40 hex digits",
    lambda value: isinstance(value, str) and len(value) == 40 and set(value) <= set("0123456789abcdef"),
)
_SCHEME = one(" or ".join(get_args(Scheme)), lambda value: value in get_args(Scheme))
_ROW = {
    "commit": _COMMIT,
    "parents": COUNT,
    "subject": TEXT,
    "type": TEXT_OR_NULL,
    "scope": TEXT_OR_NULL,
    "description": TEXT,
    "breaking_text": TEXT_OR_NULL,
    "reverts": TEXTS,
    "reworded": TEXT_OR_NULL,
    "problems": TEXTS,
}
_MODES = ("release", "patch", "snapshot", "experiment")
_MODE = one(", ".join(_MODES), lambda value: value in _MODES)
_DIRECTION = one("higher or lower", lambda value: value in ("higher", "lower"))
_METRICS = rows_of({"name": TEXT, "unit": TEXT, "direction": _DIRECTION})
_ENTRY = {name: _ROW[name] for name in ("commit", "type", "scope", "description", "breaking_text")}

CHANGE_KINDS: dict[str, EvidenceKind] = {
    "commits": EvidenceKind(
        fields={
            "version": TEXT,
            "known": FLAG,
            "last": or_null(nested({"tag": TEXT, "version": TEXT, "commit": _COMMIT})),
            "commits": rows_of(_ROW),
        },
        contradictions=_changelog_contradictions,
    ),
    "contract": EvidenceKind(
        fields={
            "version": TEXT,
            "scheme": _SCHEME,
            "mode": _MODE,
            "tags_known": FLAG,
            "rules": nested(
                {
                    "breaking_before_1": one("minor or major", lambda value: value in ("minor", "major")),
                    "feature_before_1": one("patch or minor", lambda value: value in ("patch", "minor")),
                    "ignore_config": TEXTS,
                }
            ),
            "last": or_null(
                nested(
                    {
                        "tag": TEXT,
                        "version": TEXT,
                        "path": TEXT,
                        "exact_root": or_null(DIGEST),
                        "committed": FLAG,
                        "problem": TEXT_OR_NULL,
                        "contract": or_null(CONTRACT),
                        "metrics": _METRICS,
                    }
                )
            ),
            "now": nested({"contract": CONTRACT, "metrics": _METRICS}),
            "entries": rows_of(_ENTRY),
        },
        contradictions=_contract_contradictions,
    ),
}

CHANGE_GATES: tuple[Gate, ...] = (
    Gate(
        name="changelog",
        point="candidate",
        evidence="commits",
        check=_changelog,
        doc="Every commit since the last release that users should know of says what changed.",
    ),
    Gate(
        name="version-level",
        point="candidate",
        evidence="contract",
        check=_version_level,
        doc="The version rises as much as contract and commits demand.",
    ),
)
