"""May the candidate on disk be published: sealed already, or fit to be sealed by its first receipt."""

from __future__ import annotations

from release_tasks.errors import GateRefused, SealedError
from release_tasks.policy.tag_message import message_fields
from release_tasks.stages.plan import Plan
from release_tasks.stages.workspace import Workspace
from release_tasks.system.git import tag_message
from release_tasks.system.git_tag import TagObject, find_tag
from release_tasks.system.receipts import read_receipts
from release_tasks.system.yank_file import read_yank
from release_tasks.verbs.seal_record import sealed_root
from release_tasks.verbs.seal_verdict import Sealing, judge_seal
from release_tasks.verbs.tag_text import reason_lines


def tag_of(plan: Plan, sealing: Sealing) -> TagObject | None:
    """The release's tag, None without one; raises SealedError for one that binds another release."""
    root, name = plan.release.root, plan.release.version.tag_name(plan.release.name)
    tag = find_tag(root, name)
    if tag is None:
        return None
    fields = message_fields(tag_message(root, name)) if tag.annotated else {}
    checked = sealing.checked
    wanted = (str(checked.root), str(checked.exact_root))
    if (fields.get("root"), fields.get("exact_root")) != wanted or tag.commit != sealing.metadata[
        "git_commit"
    ]:
        raise SealedError(
            f"the tag {name} is of another release",
            wanted=f"root {checked.root} at {sealing.metadata['git_commit']}",
            found=f"root {fields.get('root', 'none')} at {tag.commit}",
            where=plan.folder,
            hint="a tag never moves: raise release.version with 'doit bump'",
        )
    return tag


def refuse_unfit(plan: Plan, workspace: Workspace) -> tuple[Sealing, TagObject | None]:
    """Judge the candidate at the seal point; one that is sealed already is only verified again.

    Raises GateRefused with every reason that speaks against it, SealedError for a tag of another release.
    """
    attestations = workspace.root / plan.attestations
    yank = read_yank(attestations)
    if yank is not None:
        raise GateRefused(
            f"{plan.release.version.text} is yanked",
            wanted="a version that may be handed out",
            found=f"yanked: {yank.reason}",
            where=plan.folder,
            hint="publish a version that mends it; 'doit yank VERSION --undo' takes the mark away",
        )
    sealing = judge_seal(plan, workspace)
    tag = tag_of(plan, sealing)
    sealed = sealed_root(attestations) == str(sealing.checked.root) and (
        tag is not None or bool(read_receipts(attestations))
    )
    findings = [
        finding
        for gate in sealing.verdict.gates
        if gate.status == "fail" and not (sealed and sealing.checked.ok)
        for finding in gate.findings
    ]
    if findings:
        raise GateRefused(
            f"{plan.release.name} {plan.release.version.text} cannot be sealed, so it cannot be published",
            wanted="a candidate that passes every gate of the seal point",
            found="\n".join(reason_lines(findings)),
            where=plan.folder,
        )
    return sealing, tag
