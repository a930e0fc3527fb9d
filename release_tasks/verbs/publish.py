"""`publish`: send the candidate on disk to a destination, whole and verified there, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

from release_tasks.config.publishing import OWN_FOLDERS, find_destination, is_own, place_of
from release_tasks.config.schema import Destination, Release
from release_tasks.errors import ConfigError, GateRefused
from release_tasks.policy.publish_rules import Pointer, plan_aliases, refuse_destination
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.receipt import RECEIPTS, AliasMove, Receipt, ReceiptFile, move_json, receipt_name
from release_tasks.registries.all_registries import REGISTRIES
from release_tasks.registries.protocol import Opening, Registry, Shipment, Told
from release_tasks.stages.own_schema import check_own
from release_tasks.stages.plan import Plan
from release_tasks.stages.workspace import STATE, Workspace
from release_tasks.system.clock import now
from release_tasks.system.disk import remove_tree, remove_unfinished
from release_tasks.system.receipts import read_receipt, write_receipt
from release_tasks.verbs.publish_journal import JOURNAL, Entry, Journal, Step
from release_tasks.verbs.publish_seal import refuse_unfit
from release_tasks.verbs.seal_record import keep_seal, sealable, sealed_root
from release_tasks.verbs.shipment import pack_shipment

State = Literal["published", "already published", "would be published"]
_NEED_TAG = frozenset({"github"})
_ANY = "model/1"  # the contract of a candidate that has not been looked at yet


@frozen
class PublishReport:
    """How it ended; `continued` is the step at which an earlier run of this publication was cut short."""

    state: State
    destination: Destination
    name: str
    version: str
    root: str
    exact_root: str
    files: int
    bytes: int
    aliases: tuple[AliasMove, ...]
    continued: str | None
    receipt: str

    def to_json(self) -> JSONObject:
        """Write the report as the one object that `--json` prints."""
        aliases: list[JSON] = [move_json(move) for move in self.aliases]
        return {
            "schema_version": 1,
            "state": self.state,
            "destination": self.destination.name,
            "uri": self.destination.uri,
            "name": self.name,
            "version": self.version,
            "root": self.root,
            "exact_root": self.exact_root,
            "files": self.files,
            "bytes": self.bytes,
            "aliases": aliases,
            "continued": self.continued,
            "receipt": self.receipt,
        }


@frozen
class _Job:
    """One publication: what goes where, and where that is written down."""

    destination: Destination
    registry: Registry
    shipment: Shipment
    attestations: Path
    journal: Journal
    receipt: Receipt | None

    def begin(self, step: Step) -> None:
        """Write the step down before it is done."""
        self.journal.write(Entry(step=step, uri=self.destination.uri, root=self.shipment.root))


def open_registry(
    release: Release, destination: Destination, *, environ: Mapping[str, str], told: Told
) -> tuple[Registry, Path]:
    """Open a destination; the folder that comes with it is for what is made on the way, and the caller's.

    Raises ConfigError for a place among the folders that release_tasks keeps for itself.
    """
    place = None if destination.scheme == "github" else place_of(release, destination)
    if place is not None:
        _refuse_own_folders(release, destination, place)
    scratch = release.root / STATE / f"publish-{destination.name}"
    opening = Opening(
        name=release.name,
        scheme=release.version.scheme,
        target=destination.target,
        place=place,
        own=is_own(destination),
        scratch=scratch,
        environ=environ,
        told=told,
    )
    return REGISTRIES[destination.scheme](opening), scratch


def _refuse_own_folders(release: Release, destination: Destination, place: Path) -> None:
    """Whatever links the path takes: copies among the originals would be two truths."""
    target = (place / release.name if destination.scheme == "directory" else place).resolve()
    for name in OWN_FOLDERS:
        own = (release.root / name).resolve()
        if target == own or own in target.parents:
            raise ConfigError(
                "path refused: release_tasks itself keeps things there",
                wanted=f"a place outside {', '.join(OWN_FOLDERS)}",
                found=str(target),
                where=f"release.toml: publish.{destination.name}.uri",
            )


def publish(
    plan: Plan, workspace: Workspace, name: str, *, dry_run: bool, environ: Mapping[str, str], told: Told
) -> PublishReport:
    """Publish the candidate on disk to the destination `name`; a rerun continues, or says that it is done.

    The receipt, written when all is there and verified, seals the version. Raises ConfigError for an unknown
    destination, GateRefused for a release that may not go there, SealedError when other bytes are there under
    this version, RegistryError and StorageError when the destination fails; then nothing is visible there.
    """
    destination = find_destination(plan.release, name)
    if plan.release.type == "experimental" or destination.ci_only:
        refuse_destination(destination, release_type=plan.release.type, contract=_ANY, environ=environ)
    sealing, tag = refuse_unfit(plan, workspace)
    manifest, root, _ = sealable(sealing)
    refuse_destination(
        destination, release_type=plan.release.type, contract=manifest.contract, environ=environ
    )
    if tag is None and destination.scheme in _NEED_TAG:
        raise GateRefused(
            f"{destination.scheme}: publishes only what is tagged",
            wanted=f"the tag {plan.release.version.tag_name(plan.release.name)}",
            found="none: GitHub would make one itself, of any commit",
            where=f"release.toml: publish.{name}",
            hint="run 'doit tag' first",
        )
    attestations = plan.release.root / plan.attestations
    receipt = own_receipt(attestations, destination)
    if not dry_run:
        for folder in (attestations, attestations / RECEIPTS, attestations / JOURNAL):
            remove_unfinished(folder)
    if not dry_run and sealed_root(attestations) != str(root):
        keep_seal(sealing, tag=plan.release.version.tag_name(plan.release.name), attestations=attestations)
    registry, scratch = open_registry(plan.release, destination, environ=environ, told=told)
    job = _Job(
        destination=destination,
        registry=registry,
        shipment=pack_shipment(plan, sealing, tag),
        attestations=attestations,
        journal=Journal(attestations, name),
        receipt=receipt,
    )
    remove_tree(scratch)
    try:
        if dry_run:
            return _foretell(job)
        with registry.held():
            return _publish(job)
    finally:
        remove_tree(scratch)


def own_receipt(attestations: Path, destination: Destination) -> Receipt | None:
    """The receipt of this destination, None without one; ConfigError when that was another place then."""
    receipt = read_receipt(attestations, destination.name)
    if receipt is not None and receipt.uri != destination.uri:
        raise ConfigError(
            f"{destination.name} was another place when {receipt.version} was published there",
            wanted=receipt.uri,
            found=destination.uri,
            where=f"release.toml: publish.{destination.name}.uri",
            hint="give the new place a name of its own",
        )
    return receipt


def _foretell(job: _Job) -> PublishReport:
    """Look at the destination and say what would be done; nothing is changed."""
    files = job.registry.published(job.shipment)
    if files is None:
        return _report(job, "would be published", (), aliases=_planned_moves(job))
    moves = () if _settled(job) else _planned_moves(job)
    return _report(job, "already published", files, aliases=moves)


def _publish(job: _Job) -> PublishReport:
    """Look, stage, verify, finish, write the receipt, move aliases, and note them in the receipt."""
    continued = _unfinished(job)
    files = job.registry.published(job.shipment)
    state: State = "already published" if files is not None else "published"
    settled = files is not None and _settled(job)
    if files is None:
        job.begin("staging")
        job.registry.stage(job.shipment)
        job.begin("verifying")
        job.registry.verify(job.shipment)
        job.begin("finishing")
        files = job.registry.finish(job.shipment)
    receipt = job.receipt
    if receipt is None or state == "published":
        receipt = _new_receipt(job, files, aliases=() if settled else None)
        write_receipt(job.attestations, receipt)
    if settled:
        if continued is not None:
            job.begin("done")
        return replace(_report(job, state, files, aliases=()), continued=continued)
    job.begin("aliases")
    moves = _planned_moves(job)
    for move in moves:
        job.registry.move_alias(move, by="publish", at=now())
    write_receipt(job.attestations, replace(receipt, aliases=moves))
    job.begin("done")
    return replace(_report(job, state, files, aliases=moves), continued=continued)


def _unfinished(job: _Job) -> Step | None:
    """The step at which an earlier run of this very publication was cut short; None when none was."""
    entry = job.journal.read()
    ours = entry is not None and (entry.uri, entry.root) == (job.destination.uri, job.shipment.root)
    return entry.step if entry is not None and ours and entry.step != "done" else None


def _settled(job: _Job) -> bool:
    """Whether the aliases of what is published already are none of our business any more.

    They were moved and noted; or another hand published, and moved them or not.
    """
    if job.receipt is not None:
        return job.receipt.aliases is not None
    return _unfinished(job) is None


def _planned_moves(job: _Job) -> tuple[AliasMove, ...]:
    held = {job.registry.held_as(alias) for alias in job.destination.aliases}
    pointers = [
        Pointer(alias=alias, version=job.registry.read_alias(alias), moves=job.registry.moves(alias))
        for alias in sorted(name for name in held if name is not None)
    ]
    return plan_aliases(pointers, job.shipment.version)


def _new_receipt(
    job: _Job, files: tuple[ReceiptFile, ...], *, aliases: tuple[AliasMove, ...] | None
) -> Receipt:
    receipt = Receipt(
        destination=job.destination.name,
        uri=job.destination.uri,
        name=job.shipment.name,
        version=job.shipment.version.text,
        root=job.shipment.root,
        exact_root=job.shipment.exact_root,
        files=files,
        aliases=aliases,
        published_at=now(),
    )
    check_own("receipt", receipt.to_json())
    return receipt


def _report(
    job: _Job, state: State, files: tuple[ReceiptFile, ...], *, aliases: tuple[AliasMove, ...]
) -> PublishReport:
    counted = [file.size for file in files] or [item.size for item in job.shipment.items]
    return PublishReport(
        state=state,
        destination=job.destination,
        name=job.shipment.name,
        version=job.shipment.version.text,
        root=str(job.shipment.root),
        exact_root=str(job.shipment.exact_root),
        files=len(counted),
        bytes=sum(counted),
        aliases=aliases,
        continued=None,
        receipt=receipt_name(job.destination.name),
    )
