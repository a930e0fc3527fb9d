"""`github:OWNER/REPO`: a release of GitHub, drafted first and published last (R20).

Its assets are flat: the bundles with their checksums, the archive of all artifacts, records and documents.
"""

from __future__ import annotations

import gzip
import shutil
import zlib
from contextlib import AbstractContextManager, nullcontext
from urllib.parse import quote

from release_tasks.errors import GateRefused, IntegrityError, RegistryError
from release_tasks.formats.json_field import Field
from release_tasks.records.digest import Digest, sha256
from release_tasks.records.json_value import JSONObject
from release_tasks.records.receipt import AliasMove, ReceiptFile
from release_tasks.records.version import Version, parse_version
from release_tasks.registries.github_assets import Asset, artifacts_name, make_assets
from release_tasks.registries.github_http import GithubApi, InterruptedRequest
from release_tasks.registries.protocol import Opening, Shipment, checked_root, same_bytes
from release_tasks.system.release_archive import read_release_archive
from release_tasks.system.storage import storage_errors

_LATEST = "latest"
_MISSING = frozenset({404})
_MARK = "<!-- release_tasks draft of {root} -->"


class GithubRegistry:
    """The releases of one repository; `latest` is the one alias, and `current` is held as it."""

    def __init__(self, opening: Opening) -> None:
        self._name = opening.name
        self._scheme = opening.scheme
        self._told = opening.told
        self._scratch = opening.scratch
        self._api = GithubApi(opening.environ, told=opening.told)
        self._repo = f"/repos/{opening.target}"
        self._shown = f"{self._api.base}{self._repo}"
        self._checked: set[str] = set()
        self._made: dict[str, tuple[Asset, ...]] = {}

    def held_as(self, alias: str) -> str | None:
        """The mark `latest`, whichever of the two is meant."""
        return _LATEST if alias in {_LATEST, "current"} else None

    def held(self) -> AbstractContextManager[None]:
        """Hold nothing: there is no lock. Of two publications the second finds the other, and compares."""
        return nullcontext()

    def published(self, shipment: Shipment) -> tuple[ReceiptFile, ...] | None:
        """Download every asset of the published release of the tag and compare; None when there is none.

        Then the tag must be there, as the very object of this repository.
        """
        answer = self._api.get(f"{self._repo}/releases/tags/{quote(shipment.tag, safe='')}", none=_MISSING)
        if answer.status in _MISSING:
            self._require_tag(shipment)
            return None
        release = answer.fields("the release")
        there = {asset["name"].text(): asset for asset in self._assets_of(release)}
        ours = {asset.name: asset for asset in self._wanted(shipment)}
        wanted = {name: asset for name, asset in ours.items() if asset.identity}
        read = {name: self._read(there[name]) for name in sorted(ours.keys() & there.keys())}
        digests = {name: file.sha256 for name, file in read.items() if name in wanted}
        same_bytes(
            shipment.version.text,
            {name: asset.sha256 for name, asset in wanted.items()},
            digests,
            _text(release, "html_url", self._shown),
        )
        return tuple(read.values())

    def stage(self, shipment: Shipment) -> None:
        """Upload what our draft has not with the right digest; what is broken or other is uploaded anew."""
        draft = self._draft(shipment)
        there = {asset["name"].text(): asset for asset in self._assets_of(draft)}
        for asset in self._wanted(shipment):
            old = there.pop(asset.name, None)
            if old is not None and self._holds(old, asset):
                self._told("there", asset.name)
                self._checked.add(asset.name)
                continue
            if old is not None:
                self._remove(old)
            self._upload(draft, asset)
        for old in there.values():
            self._remove(old)

    def verify(self, shipment: Shipment) -> None:
        """Download every asset of the draft and compare its digest, unless this run has done so already."""
        draft = self._draft(shipment)
        there = {asset["name"].text(): asset for asset in self._assets_of(draft)}
        for asset in self._wanted(shipment):
            if asset.name in self._checked:
                continue
            self._told("check", asset.name)
            old = there.get(asset.name)
            found = "no such asset" if old is None else str(self._digest(old))
            if found != str(asset.sha256):
                raise IntegrityError(
                    "GitHub did not keep what it was sent",
                    wanted=str(asset.sha256),
                    found=found,
                    where=f"{self._shown}: asset {asset.name}",
                    hint="nothing is published; run again",
                )

    def finish(self, shipment: Shipment) -> tuple[ReceiptFile, ...]:
        """Publish the draft: the tag must be there still, for GitHub would make one itself."""
        self._require_tag(shipment)
        draft = self._draft(shipment)
        value: JSONObject = {
            "tag_name": shipment.tag,
            "draft": False,
            "make_latest": "false",
            "prerelease": shipment.version.prerelease,
            "body": shipment.notes,
        }
        made = self._api.patch(f"{self._repo}/releases/{_number(draft['id'])}", value).fields("the release")
        if made["draft"].flag() or made["tag_name"].value != shipment.tag:
            raise RegistryError(
                "GitHub did not publish the draft",
                wanted=f"a release of {shipment.tag} that is no draft",
                found=f"a {'draft' if made['draft'].value else 'release'} of {made['tag_name'].plain()}",
                where=self._shown,
                hint="run again",
            )
        return tuple(_receipt(asset) for asset in self._wanted(shipment))

    def check(self, version: Version, tag: str) -> Digest:
        """Download the archive of all artifacts of a published release and verify what is in it."""
        release = self._published(tag)
        name = artifacts_name(self._name, version.text)
        asset = next((item for item in self._assets_of(release) if item["name"].value == name), None)
        if asset is None:
            raise IntegrityError("the published release lacks its artifacts", wanted=name, where=self._shown)
        self._told("check", name)
        self._make_scratch()
        packed, plain = self._scratch / name, self._scratch / "artifacts.tar"
        with storage_errors(packed), packed.open("w+b") as out:
            self._api.digest(self._asset_path(asset), out)
        with storage_errors(plain), gzip.open(packed) as source, plain.open("wb") as out:
            try:
                shutil.copyfileobj(source, out, 1 << 20)
            except (gzip.BadGzipFile, EOFError, zlib.error) as error:
                raise IntegrityError(
                    "the published archive is damaged",
                    found=str(error),
                    where=f"{self._shown}: asset {name}",
                ) from None
        return checked_root(read_release_archive(plain, full=True, tensors=False), f"{self._shown}: {name}")

    def read_alias(self, alias: str) -> str | None:
        """The version that GitHub shows as the latest; None for none, or for one of another name."""
        del alias
        answer = self._api.get(f"{self._repo}/releases/latest", none=_MISSING)
        if answer.status in _MISSING:
            return None
        tag = answer.fields("the latest release")["tag_name"].text()
        return tag.removeprefix(f"{self._name}_").removeprefix("v")

    def move_alias(self, move: AliasMove, *, by: str, at: str) -> None:
        """Let GitHub show another release as the latest; it keeps no record of that."""
        del by, at
        tag = parse_version(move.version, self._scheme).tag_name(self._name)
        identifier = _number(self._published(tag)["id"])
        self._api.patch(f"{self._repo}/releases/{identifier}", {"make_latest": "true"})

    def moves(self, alias: str) -> tuple[AliasMove, ...]:
        """None: the receipts folder of the project has the record."""
        del alias
        return ()

    def _published(self, tag: str) -> Field:
        answer = self._api.get(f"{self._repo}/releases/tags/{quote(tag, safe='')}", none=_MISSING)
        if answer.status in _MISSING:
            raise IntegrityError("not published there", wanted=f"a release of {tag}", where=self._shown)
        return answer.fields("the release")

    def _require_tag(self, shipment: Shipment) -> None:
        """The tag on GitHub must be our very object: an absent one GitHub would make, of any commit."""
        path = f"{self._repo}/git/ref/tags/{quote(shipment.tag, safe='')}"
        answer = self._api.get(path, none=_MISSING)
        found = None if answer.status in _MISSING else answer.fields("the tag")["object"]["sha"].text()
        if found is None or found != shipment.tag_object:
            kind = "no" if found is None else "another"
            raise GateRefused(
                f"GitHub has {kind} tag {shipment.tag}",
                wanted=f"tag object {shipment.tag_object}",
                found="none" if found is None else f"tag object {found}",
                where=self._shown,
                hint="push it first: 'doit tag'",
            )

    def _draft(self, shipment: Shipment) -> Field:
        """Our draft of this tag, made when there is none; a person's own draft is left alone."""
        for attempt in range(self._api.attempts):
            draft = self._find_draft(shipment)
            if draft is not None:
                return draft
            value: JSONObject = {
                "tag_name": shipment.tag,
                "name": f"{shipment.name} {shipment.version.text}",
                "body": f"{_MARK.format(root=shipment.root)}\n{shipment.notes}",
                "draft": True,
                "prerelease": shipment.version.prerelease,
            }
            try:
                return self._api.post(f"{self._repo}/releases", value).fields("the draft")
            except InterruptedRequest as interrupted:  # it may be there: look before making another
                self._api.pause(attempt, interrupted)
        raise AssertionError("BUG: the last pause raises")

    def _find_draft(self, shipment: Shipment) -> Field | None:
        mark = _MARK.partition("{")[0]
        found = [
            release
            for release in self._api.pages(f"{self._repo}/releases")
            if release["draft"].flag()
            and release["tag_name"].value == shipment.tag
            and mark in str(release["body"].value)
        ]
        return min(found, key=lambda release: _number(release["id"]), default=None)

    def _upload(self, draft: Field, asset: Asset) -> None:
        """Send one file, and look what has arrived whenever a connection broke on the way."""
        url = draft["upload_url"].text().partition("{")[0]
        for attempt in range(self._api.attempts):
            self._told("send", asset.name)
            target = f"{url}?name={quote(asset.name, safe='')}"
            try:
                self._api.upload(
                    target,
                    asset.source,
                    size=asset.size,
                    media_type=asset.media_type,
                )
            except InterruptedRequest as interrupted:
                old = self._find(draft, asset.name)
                if old is not None and self._holds(old, asset):
                    return
                self._api.pause(attempt, interrupted)
                if old is not None:
                    self._remove(old)
            else:
                return

    def _find(self, draft: Field, name: str) -> Field | None:
        return next((item for item in self._assets_of(draft) if item["name"].value == name), None)

    def _remove(self, asset: Field) -> None:
        """Remove an asset of a draft: broken, or of a candidate that is no more."""
        self._told("remove", asset["name"].text())
        self._api.delete(self._asset_path(asset))

    def _holds(self, there: Field, asset: Asset) -> bool:
        if there["state"].value != "uploaded" or there["size"].value != asset.size:
            return False
        return self._digest(there) == asset.sha256

    def _digest(self, asset: Field) -> Digest:
        """The digest of what GitHub gives back, never of what it says."""
        return self._read(asset).sha256

    def _read(self, asset: Field) -> ReceiptFile:
        size, digits = self._api.digest(self._asset_path(asset))
        return ReceiptFile(path=asset["name"].text(), size=size, sha256=sha256(digits))

    def _asset_path(self, asset: Field) -> str:
        return f"{self._repo}/releases/assets/{_number(asset['id'])}"

    def _assets_of(self, release: Field) -> tuple[Field, ...]:
        return tuple(self._api.pages(f"{self._repo}/releases/{_number(release['id'])}/assets"))

    def _make_scratch(self) -> None:
        with storage_errors(self._scratch):
            self._scratch.mkdir(parents=True, exist_ok=True)

    def _wanted(self, shipment: Shipment) -> tuple[Asset, ...]:
        """The assets of a shipment; its archives are made once."""
        if shipment.tag not in self._made:
            self._make_scratch()
            self._made[shipment.tag] = make_assets(shipment, self._scratch)
        return self._made[shipment.tag]


def _receipt(asset: Asset) -> ReceiptFile:
    return ReceiptFile(path=asset.name, size=asset.size, sha256=asset.sha256)


def _number(field: Field) -> int:
    if not isinstance(field.value, int) or isinstance(field.value, bool):
        raise field.wrong("a whole number")
    return field.value


def _text(field: Field, key: str, absent: str) -> str:
    found = field.get(key)
    return absent if found is None else found.text()
