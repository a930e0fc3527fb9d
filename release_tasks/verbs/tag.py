"""`tag`: judge the candidate at the seal point, tag its commit, push the tag; nothing is built."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Literal

from release_tasks.errors import RemoteError
from release_tasks.policy.tag_message import TagFacts, compose_message, version_section
from release_tasks.records.code_table import CODES
from release_tasks.records.frozen_record import frozen
from release_tasks.records.gate_code import GateCode
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.verdict import Finding
from release_tasks.stages.plan import Plan
from release_tasks.stages.workspace import Workspace
from release_tasks.system.git import tag_message
from release_tasks.system.git_tag import (
    Signature,
    TagObject,
    create_tag,
    find_remote,
    push_command,
    push_tag,
    push_urls,
    remote_tags,
    signs_tags,
    tag_command,
    tag_signature,
    without_credentials,
)
from release_tasks.verbs.seal_record import keep_push, keep_seal, pushed_to, sealable, sealed_root
from release_tasks.verbs.seal_verdict import Sealing, judge_seal
from release_tasks.verbs.version_taken import OwnTag, find_own_tag, other_receipts

CHANGELOG = "docs/CHANGELOG.md"
State = Literal["tagged", "already tagged", "would be tagged", "refused"]


@frozen
class TagRequest:
    """What was asked for: where to push (None: the usual remote), whether to, and whether only to tell."""

    remote: str | None = None
    push: bool = True
    dry_run: bool = False


@frozen
class TagReport:
    """How it ended; `places` are the remotes that have the tag now, `commands` what a person could run."""

    state: State
    name: str
    version: str
    tag: str
    commit: str | None
    folder: str
    root: str | None
    exact_root: str | None
    object: str | None = None
    signature: Signature | None = None
    places: tuple[str, ...] = ()
    commands: tuple[tuple[str, ...], ...] = ()
    message: str = ""
    reasons: tuple[Finding, ...] = ()
    note: str | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing speaks against the tag."""
        return self.state != "refused"

    def to_json(self) -> JSONObject:
        """Write the report as the one object that `--json` prints."""
        signature: JSON = (
            None if self.signature is None else {"state": self.signature.state, "text": self.signature.text}
        )
        return {
            "schema_version": 1,
            "ok": self.ok,
            "state": self.state,
            "name": self.name,
            "version": self.version,
            "tag": self.tag,
            "commit": self.commit,
            "root": self.root,
            "exact_root": self.exact_root,
            "object": self.object,
            "signature": signature,
            "pushed_to": list[JSON](self.places),
            "commands": [shlex.join(command) for command in self.commands],
            "message": self.message,
            "reasons": [_reason_json(reason) for reason in self.reasons],
        }


def _reason_json(reason: Finding) -> JSONObject:
    return {
        "code": str(reason.code),
        "subject": reason.subject,
        "wanted": reason.wanted,
        "found": reason.found,
        "recommendation": CODES[reason.code].recommendation,
    }


@frozen
class _There:
    """Where to push, what is still to be pushed, what speaks against it, and why a remote is silent."""

    places: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    against: tuple[Finding, ...] = ()
    silent: RemoteError | None = None


def tag_release(plan: Plan, workspace: Workspace, request: TagRequest) -> TagReport:
    """Tag the candidate on disk and push the tag, or say everything that speaks against it, changing nothing.

    A tag that binds this very release already is success, and is pushed where it is lacking: so a run that
    was cut short is continued by the next one. Raises GateRefused without a candidate, RemoteError for a
    remote that is silent or refuses, EnvironmentRefused when git cannot tag.
    """
    root, version = workspace.root, plan.release.version
    name = version.tag_name(plan.release.name)
    sealing = judge_seal(plan, workspace)
    here = find_own_tag(root, name, sealing)
    there = _look_there(root, name, here, request)
    reasons = (
        *_against_seal(plan, workspace, sealing, here),
        *here.against,
        *there.against,
        *other_receipts(root / plan.attestations, sealing),
    )
    checked = sealing.checked
    commit = sealing.metadata["git_commit"]
    report = TagReport(
        state="refused",
        name=plan.release.name,
        version=version.text,
        tag=name,
        commit=commit if isinstance(commit, str) else None,
        folder=plan.folder,
        root=None if checked.root is None else str(checked.root),
        exact_root=None if checked.exact_root is None else str(checked.exact_root),
        reasons=reasons,
        note=None if there.silent is None else f"{there.silent}",
    )
    if reasons:
        return report
    if there.silent is not None:
        raise there.silent
    return _tag(plan, workspace, request, _Decided(report=report, sealing=sealing, here=here, there=there))


@frozen
class _Decided:
    """All that is known when nothing speaks against the tag."""

    report: TagReport
    sealing: Sealing
    here: OwnTag
    there: _There


def _tag(plan: Plan, workspace: Workspace, request: TagRequest, decided: _Decided) -> TagReport:
    """Keep the verdict, make the tag, push it: in this order, so that a tag never lacks its reason."""
    root, report, here = workspace.root, decided.report, decided.here
    message = tag_message(root, report.tag) if here.tag is not None else _message(decided.sealing)
    commit = str(report.commit)
    commands = [] if here.tag else [("git", *tag_command(report.tag, commit, signed=signs_tags(root)))]
    commands += [("git", *push_command(place, report.tag)) for place in decided.there.lacking]
    state: State = "already tagged" if here.tag else "tagged"
    tag = here.tag
    if request.dry_run:
        state = "already tagged" if here.tag else "would be tagged"
    else:
        attestations = root / plan.attestations
        if sealed_root(attestations) != report.root:
            keep_seal(decided.sealing, tag=report.tag, attestations=attestations)
        tag = tag or create_tag(root, report.tag, message, commit=commit)
        for place in decided.there.lacking:
            push_tag(root, place, tag)
        _note_places(attestations, report.tag, tag, decided.there.places)
    done = tuple(
        place for place in decided.there.places if not request.dry_run or place not in decided.there.lacking
    )
    return replace(
        report,
        state=state,
        object=None if tag is None else tag.id,
        signature=None if tag is None else tag_signature(root, report.tag),
        places=tuple(map(without_credentials, done)),
        commands=tuple(tuple(map(without_credentials, command)) for command in commands),
        message=message,
        note=_note(request, decided.there),
    )


def _note_places(attestations: Path, name: str, tag: TagObject, places: tuple[str, ...]) -> None:
    """Keep where the tag is for `doit status`, which asks no remote."""
    seen = tuple(map(without_credentials, places))
    if set(seen) - set(pushed_to(attestations, tag.id)):
        keep_push(attestations, tag=name, object_id=tag.id, places=seen)


def _note(request: TagRequest, there: _There) -> str | None:
    if there.places:
        return None
    if not request.push:
        return "not pushed, and not asked"
    return "no remote is configured: the tag is in this repository only"


def _look_there(root: Path, name: str, here: OwnTag, request: TagRequest) -> _There:
    """Ask every place of the remote what it has under the name; a silent one is kept as the error it is."""
    remote = find_remote(root, request.remote) if request.push else None
    if remote is None:
        return _There()
    places = push_urls(root, remote)
    lacking, against = [], []
    for place in places:
        try:
            found = remote_tags(root, place, name).get(name)
        except RemoteError as error:
            return _There(places=places, silent=error)
        if found is None:
            lacking.append(place)
        elif here.tag is None or found != here.tag.id:
            against.append(
                Finding(
                    code=GateCode.VERSION_TAKEN,
                    subject=f"tag {name} on {without_credentials(place)}",
                    wanted="no tag of this name"
                    if here.tag is None
                    else f"the tag object {here.tag.id} of this repository",
                    found=f"tag object {found}",
                )
            )
    return _There(places=places, lacking=tuple(lacking), against=tuple(against))


def _against_seal(plan: Plan, workspace: Workspace, sealing: Sealing, here: OwnTag) -> Iterable[Finding]:
    """What refuses at the seal point; a release that was judged and tagged is only verified again."""
    if here.ours and sealed_root(workspace.root / plan.attestations) == str(sealing.checked.root):
        return ()
    return [finding for gate in sealing.verdict.gates if gate.status == "fail" for finding in gate.findings]


def _message(sealing: Sealing) -> str:
    manifest, root, exact_root = sealable(sealing)
    model = sealing.metadata.get("model_hash")
    changelog = sealing.kept.get(CHANGELOG, b"").decode("utf-8", "replace")
    facts = TagFacts(
        name=manifest.name,
        version=manifest.version,
        root=root,
        exact_root=exact_root,
        model_hash=model if isinstance(model, str) else None,
        commit=str(sealing.metadata["git_commit"]),
        verdict=sealing.candidate.decision,
        level=sealing.level,
    )
    return compose_message(facts, version_section(changelog, manifest.version))
