"""May the candidate on disk be published: sealed already, or fit to be sealed by its first receipt."""

from __future__ import annotations

from release_tasks.errors import GateRefused, SealedError
from release_tasks.stages.plan import Plan
from release_tasks.stages.workspace import Workspace
from release_tasks.system.git_tag import TagObject
from release_tasks.system.receipts import read_receipts
from release_tasks.system.yank_file import read_yank
from release_tasks.verbs.seal_record import sealed_root
from release_tasks.verbs.seal_verdict import Sealing, judge_seal
from release_tasks.verbs.tag_text import reason_lines
from release_tasks.verbs.version_taken import find_own_tag, other_receipts


def refuse_unfit(plan: Plan, workspace: Workspace) -> tuple[Sealing, TagObject | None]:
    """Judge the candidate at the seal point; one that is sealed already is only verified again.

    Raises GateRefused with every reason that speaks against it, SealedError when the version is taken by a
    tag or a receipt of another release.
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
    own = find_own_tag(workspace.root, plan.release.version.tag_name(plan.release.name), sealing)
    taken = (*own.against, *other_receipts(attestations, sealing))
    if taken and sealing.checked.ok:
        raise SealedError(
            f"{plan.release.version.text} is another release already",
            wanted="a version that nothing else was released under",
            found="\n".join(reason_lines(taken)),
            where=plan.folder,
        )
    judged = sealed_root(attestations) == str(sealing.checked.root) and sealing.checked.ok
    if judged and (own.ours or read_receipts(attestations)):
        return sealing, own.tag
    findings = [
        finding for gate in sealing.verdict.gates if gate.status == "fail" for finding in gate.findings
    ]
    if findings:
        raise GateRefused(
            f"{plan.release.name} {plan.release.version.text} cannot be sealed, so it cannot be published",
            wanted="a candidate that passes every gate of the seal point",
            found="\n".join(reason_lines(findings)),
            where=plan.folder,
        )
    return sealing, own.tag
