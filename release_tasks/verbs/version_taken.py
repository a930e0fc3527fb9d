"""Is the version taken: by a tag, or by receipts, that speak of another release than the one on disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from release_tasks.policy.tag_message import binds, stated_roots
from release_tasks.records.frozen_record import frozen
from release_tasks.records.gate_code import GateCode
from release_tasks.records.receipt import receipt_name
from release_tasks.records.verdict import Finding
from release_tasks.system.git import tag_message
from release_tasks.system.git_tag import TagObject, find_tag
from release_tasks.system.receipts import read_receipts
from release_tasks.verbs.seal_verdict import Sealing


@frozen
class OwnTag:
    """The tag of the release in this repository, if any, whether it binds this very release, else why not."""

    tag: TagObject | None
    ours: bool
    against: tuple[Finding, ...] = ()


def find_own_tag(root: Path, name: str, sealing: Sealing) -> OwnTag:
    """Look for the tag `name`: it is ours when it binds both roots and leads to the commit that built them.

    Raises EnvironmentRefused when git cannot tell.
    """
    tag = find_tag(root, name)
    if tag is None:
        return OwnTag(tag=None, ours=False)
    message = tag_message(root, name) if tag.annotated else ""
    checked, commit = sealing.checked, sealing.metadata["git_commit"]
    bound = binds(message, root=checked.root, exact_root=checked.exact_root)
    if checked.ok and bound and tag.commit == commit:
        return OwnTag(tag=tag, ours=True)
    stated = " and ".join(sorted(stated_roots(message)))
    found = stated or ("no root: another hand made it" if tag.annotated else "a lightweight tag")
    finding = Finding(
        code=GateCode.VERSION_TAKEN,
        subject=f"tag {name}",
        wanted=f"no tag of this name, or one of root {checked.root} at {commit}",
        found=f"{found} at {tag.commit}",
    )
    return OwnTag(tag=tag, ours=False, against=(finding,))


def other_receipts(attestations: Path, sealing: Sealing) -> Iterator[Finding]:
    """Every receipt beside a release that verifies, and that tells of another one.

    Raises FormatError for a damaged receipt.
    """
    checked = sealing.checked
    for receipt in read_receipts(attestations) if checked.ok else ():
        if receipt.root != checked.root:
            yield Finding(
                code=GateCode.VERSION_TAKEN,
                subject=receipt_name(receipt.destination),
                wanted=f"no receipt of this version, or one of root {checked.root}",
                found=f"{receipt.name} {receipt.version}, root {receipt.root}, published to {receipt.uri}",
            )
