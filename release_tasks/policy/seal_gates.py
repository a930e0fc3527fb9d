"""The gates of the seal point: they judge an accepted candidate, its source and how it was built."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from release_tasks.policy.evidence_shape import (
    DATE,
    FLAG,
    FLAG_OR_NULL,
    TEXT,
    TEXT_OR_NULL,
    EvidenceKind,
    nested,
    one,
    or_null,
)
from release_tasks.policy.evidence_shape import rows as rows_of
from release_tasks.policy.gate import Gate, Rules, number, part, part_if_asked, rows, text
from release_tasks.records.gate_code import GateCode
from release_tasks.records.json_value import JSONObject
from release_tasks.records.likeness import LIKENESSES, Likeness
from release_tasks.records.verdict import Finding


def _source(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    if data["commit"] is None:
        yield Finding(
            code=GateCode.SOURCE_UNKNOWN,
            subject="metadata.json: git_commit",
            wanted="the commit that built the release",
            found="null: the project is not under git",
        )
    elif data["dirty"] is not False:
        yield Finding(
            code=GateCode.SOURCE_DIRTY,
            subject="metadata.json: git_dirty",
            wanted="a release built from a clean tree",
            found="uncommitted changes when it was built",
        )
    elif data["commit"] != data["head"]:
        yield Finding(
            code=GateCode.EVIDENCE_STALE,
            subject="metadata.json: git_commit",
            wanted=f"the commit that is checked out, {text(data['head'])[:16]}",
            found=text(data["commit"])[:16],
        )
    for row in rows(data, "changed"):
        yield Finding(
            code=GateCode.SOURCE_DIRTY,
            subject=text(row["path"]),
            wanted="the file as the commit has it",
            found="changed, or not committed",
        )


def _verified(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    for row in rows(data, "problems"):
        yield Finding(
            code=GateCode.RELEASE_DAMAGED,
            subject=f"{text(row['path'])}: {text(row['code'])}",
            wanted=text(row["wanted"]),
            found=text(row["found"]),
        )


def _inputs(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    if data["lock_released"] is not True:
        yield Finding(
            code=GateCode.EVIDENCE_STALE,
            subject="release.lock",
            wanted="the lock file that the release was built with",
            found="another one",
        )
    for row in rows(data, "inputs"):
        yield Finding(
            code=GateCode.LOCK_INPUTS_CHANGED,
            subject=text(row["name"]),
            wanted=f"frozen {text(row['frozen'])[:23]}",
            found=text(row["now"])[:23],
        )


def _committed(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    if data["lock_committed"] is not True:
        yield Finding(
            code=GateCode.LOCK_UNCOMMITTED,
            subject="release.lock",
            wanted="the lock file as HEAD has it",
            found="another content, or not committed",
        )
    if data["policy_committed"] is not True:
        yield Finding(
            code=GateCode.POLICY_UNCOMMITTED,
            subject=text(data["policy"]),
            wanted="the policy as HEAD has it",
            found="another content, or not committed",
        )


def _known_outputs(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    if data["numeric_known"] is not True:
        # At this point an unknown id refuses (design §4); as a candidate it only warned.
        yield Finding(
            code=GateCode.LOCK_OUTPUTS_CHANGED,
            subject=text(data["numeric_id"]),
            wanted="outputs frozen for this numeric id",
            found="none in release.lock",
        )


def _plain(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    for key, code, flag in (
        ("soft", GateCode.RESULT_SOFT, "--soft"),
        ("snapshot", GateCode.RESULT_SNAPSHOT, "--snapshot"),
        ("policy_override", GateCode.POLICY_OVERRIDDEN, "--policy"),
        ("profile_override", GateCode.POLICY_OVERRIDDEN, "--profile"),
        ("not_strict", GateCode.POLICY_OVERRIDDEN, "--no-strict"),
    ):
        if data[key] is not False:
            yield Finding(code=code, subject=f"doit release {flag}", wanted="a plain run", found=f"{flag}")


def _production(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    if data["experimental"] is not False:
        yield Finding(
            code=GateCode.RESULT_EXPERIMENTAL,
            subject="release.type",
            wanted="a release that is meant to be used",
            found="experimental",
        )


def _waivers(data: JSONObject, rules: Rules) -> Iterator[Finding]:
    for row in rows(data, "waivers"):
        if rules.decided_at.date() > date.fromisoformat(text(row["expires"])):
            yield Finding(
                code=GateCode.WAIVER_EXPIRED,
                subject=f"{text(row['gate'])}: {text(row['subject'])}",
                wanted=f"a waiver that holds on {rules.decided_at.date()}",
                found=f"a waiver of {text(row['by'])} that expired on {text(row['expires'])}",
            )


def _acceptance(data: JSONObject, _rules: Rules) -> Iterator[Finding]:
    if data["root"] is None or data["root"] != data["accepted_root"]:
        yield Finding(
            code=GateCode.EVIDENCE_STALE,
            subject="acceptance.json",
            wanted=f"an acceptance of root {text(data['root'])}",
            found=text(data["accepted_root"]),
        )


def _rebuilt(data: JSONObject, rules: Rules) -> Iterator[Finding]:
    rebuild = part_if_asked(data, "rebuild")
    if rebuild is None:
        yield Finding(
            code=GateCode.REBUILD_MISSING,
            subject="rebuild.json",
            wanted="a rebuild of this release",
            found="nothing was rebuilt yet",
        )
        return
    if rebuild["root"] != data["root"]:
        yield Finding(
            code=GateCode.REBUILD_MISSING,
            subject="rebuild.json",
            wanted=f"a rebuild of root {text(data['root'])}",
            found=f"a rebuild of root {text(rebuild['root'])}",
        )
        return
    least = _least_likeness(rules)
    level = part(rebuild, "levels")[least]
    wanted = 0 if rebuild["weights"] == "given" else rules.limit("min_rebuild_level")
    if level is None or number(part(rebuild, "levels"), least) < wanted:
        yield Finding(
            code=GateCode.REBUILD_LEVEL_LOW,
            subject="rebuild.json: level",
            wanted=f"level {wanted:g} or more, comparing {least}",
            found=f"level {'none' if level is None else level}",
        )


_ORIGINS = ("rebuilt", "given", "none")  # of the weights of a release


def _least_likeness(rules: Rules) -> Likeness:
    """The comparison that the policy wants: 3 bytes, 2 tensors, 1 tolerance; fractions round up."""
    wanted = rules.limit("min_rebuild_likeness")
    accepted = [name for name in LIKENESSES[:-1] if _RANK[name] >= wanted]
    return accepted[-1] if accepted else LIKENESSES[0]


_RANK: dict[str, int] = {name: len(LIKENESSES) - 1 - index for index, name in enumerate(LIKENESSES)}
_LEVEL = or_null(one("a level, 0 to 4", lambda value: type(value) is int and 0 <= value <= 4))

SEAL_KINDS: dict[str, EvidenceKind] = {
    "seal": EvidenceKind(
        fields={
            "commit": TEXT_OR_NULL,
            "dirty": FLAG_OR_NULL,
            "head": TEXT_OR_NULL,
            "changed": rows_of({"path": TEXT}),
            "problems": rows_of({"code": TEXT, "path": TEXT, "wanted": TEXT, "found": TEXT}),
            "lock_released": FLAG,
            "inputs": rows_of({"name": TEXT, "frozen": TEXT_OR_NULL, "now": TEXT_OR_NULL}),
            "lock_committed": FLAG,
            "policy": TEXT_OR_NULL,
            "policy_committed": FLAG,
            "numeric_id": TEXT,
            "numeric_known": FLAG,
            "soft": FLAG,
            "snapshot": FLAG,
            "policy_override": FLAG,
            "profile_override": FLAG,
            "experimental": FLAG,
            "not_strict": FLAG,
            "waivers": rows_of({"gate": TEXT, "subject": TEXT, "by": TEXT, "expires": DATE}),
            "root": TEXT_OR_NULL,
            "accepted_root": TEXT_OR_NULL,
            "rebuild": or_null(
                nested(
                    {
                        "root": TEXT,
                        "weights": one("rebuilt, given or none", _ORIGINS.__contains__),
                        "levels": nested(dict.fromkeys(LIKENESSES[:-1], _LEVEL)),
                    }
                )
            ),
        }
    ),
}

SEAL_GATES: tuple[Gate, ...] = (
    Gate(
        name="verified",
        point="seal",
        evidence="seal",
        check=_verified,
        doc="Every file of the directory is the one that its manifest names, both digests computed again.",
    ),
    Gate(
        name="source",
        point="seal",
        evidence="seal",
        check=_source,
        doc="The release was built from the commit that is checked out, clean then and now.",
    ),
    Gate(
        name="inputs",
        point="seal",
        evidence="seal",
        check=_inputs,
        doc="Every input, under git or not, is still the one that the release was built from.",
    ),
    Gate(
        name="committed",
        point="seal",
        evidence="seal",
        check=_committed,
        doc="release.lock and the policy are committed as they were used.",
    ),
    Gate(
        name="numeric-id",
        point="seal",
        evidence="seal",
        check=_known_outputs,
        doc="release.lock has outputs for the numeric id that built the release.",
    ),
    Gate(
        name="plain-run",
        point="seal",
        evidence="seal",
        check=_plain,
        doc="The release comes from no --soft, --snapshot, --policy, --profile or --no-strict run.",
    ),
    Gate(
        name="production",
        point="seal",
        evidence="seal",
        check=_production,
        doc="The release is no experiment.",
    ),
    Gate(
        name="waivers",
        point="seal",
        evidence="seal",
        check=_waivers,
        doc="No waiver on which the candidate rests has expired since.",
    ),
    Gate(
        name="accepted",
        point="seal",
        evidence="seal",
        check=_acceptance,
        doc="The directory on disk is the one that was accepted.",
    ),
    Gate(
        name="reproducible",
        point="seal",
        evidence="seal",
        check=_rebuilt,
        doc="The release was built again from its commit, up to the level that the policy wants.",
    ),
)
