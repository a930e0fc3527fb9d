"""How much a version must rise: breaking, feature or patch, from contracts and commits (R9, C9).

Breaking is what makes a program that used the last release fail or mislead: a tensor gone or of another form,
another tokenizer, a key of the configuration gone or changed, a metric that no longer means the same, a model
format gone, another licence. A feature is whatever else users can notice: other weights under the same
contract, other data, something new. Everything else is a patch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from release_tasks.config.schema import Versioning
from release_tasks.policy.value_diff import differs, short_json
from release_tasks.records.change_entry import ChangeEntry
from release_tasks.records.digest import short_digest
from release_tasks.records.frozen_record import frozen, frozen_positional
from release_tasks.records.json_value import JSON
from release_tasks.records.model_contract import MetricContract, ModelContract, TensorContract
from release_tasks.records.version import Version, core_of

Level = Literal["patch", "feature", "breaking"]
Part = Literal["major", "minor", "patch"]
LICENCE = "licence"  # the subject of the reason
LEVELS: tuple[Level, ...] = ("patch", "feature", "breaking")
_PARTS: tuple[Part, ...] = ("patch", "minor", "major")


@frozen_positional
class Reason:
    """Why a release is more than a patch: the level, of what, and what happened to it."""

    level: Level
    subject: str
    text: str


@frozen
class Promise:
    """What two releases are compared by: the contract, and what its metrics mean."""

    contract: ModelContract
    metrics: tuple[MetricContract, ...]


def reasons_of(
    before: Promise, after: Promise, entries: Iterable[ChangeEntry], rules: Versioning
) -> tuple[Reason, ...]:
    """Every reason for more than a patch, the weightiest first, then in the order of the rules."""
    old, new = before.contract, after.contract
    found = [
        *_tensors(old, new),
        *_tokenizer(old, new),
        *_config(dict(old.config), dict(new.config), rules),
        *_named("metric", _means(before.metrics), _means(after.metrics)),
        *_named("quality metric", dict.fromkeys(_quality(old), ""), dict.fromkeys(_quality(new), "")),
        *_named("format", dict.fromkeys(old.formats, ""), dict.fromkeys(new.formats, "")),
        *_licence(old, new),
        *_contents(old, new),
        *commit_reasons(entries),
    ]
    return tuple(sorted(found, key=lambda reason: -LEVELS.index(reason.level)))


def _quality(contract: ModelContract) -> list[str]:
    """Names of the quality metrics."""
    return [name for name, _ in contract.quality]


def commit_reasons(entries: Iterable[ChangeEntry]) -> Iterator[Reason]:
    """What commits say of themselves."""
    for entry in entries:
        subject = f"commit {entry.commit[:12]}"
        if entry.breaking_text is not None:
            yield Reason("breaking", subject, entry.breaking_text)
        elif entry.type == "feat":
            yield Reason("feature", subject, entry.description)


def _tensors(old: ModelContract, new: ModelContract) -> Iterator[Reason]:
    before = {tensor.name: tensor for tensor in old.tensors}
    after = {tensor.name: tensor for tensor in new.tensors}
    for name in sorted(before.keys() | after.keys()):
        then, now = before.get(name), after.get(name)
        if now is None:
            yield Reason("breaking", f"tensor {name}", "removed")
        elif then is None:
            yield Reason("feature", f"tensor {name}", "added")
        elif then != now:
            yield Reason("breaking", f"tensor {name}", f"{_form(then)} became {_form(now)}")


def _form(tensor: TensorContract) -> str:
    return f"{tensor.dtype} {list(tensor.shape)}"


def _tokenizer(old: ModelContract, new: ModelContract) -> Iterator[Reason]:
    """Ids that mean other text break every user, and only the bytes tell that none does (R9)."""
    then, now = old.tokenizer, new.tokenizer
    if then is None and now is not None:
        yield Reason("breaking", "tokenizer", "added")
    elif then is not None and now is None:
        yield Reason("breaking", "tokenizer", "removed")
    elif then is not None and now is not None and then.digest != now.digest:
        sizes = f", {then.tokens} tokens became {now.tokens}" if then.tokens != now.tokens else ""
        text = f"{short_digest(then.digest)} became {short_digest(now.digest)}{sizes}"
        yield Reason("breaking", "tokenizer", text)


def _config(before: Mapping[str, JSON], after: Mapping[str, JSON], rules: Versioning) -> Iterator[Reason]:
    for key in sorted(before.keys() | after.keys()):
        if any(key == name or key.startswith((f"{name}.", f"{name}[")) for name in rules.ignore_config):
            continue
        subject = f"config {key}".rstrip()
        if key not in after:
            yield Reason("breaking", subject, f"{short_json(before[key])} removed")
        elif key not in before:
            yield Reason("feature", subject, f"{short_json(after[key])} added")
        elif differs(before[key], after[key]):
            yield Reason("breaking", subject, f"{short_json(before[key])} became {short_json(after[key])}")


def _means(metrics: Iterable[MetricContract]) -> dict[str, str]:
    return {metric.name: f"in {metric.unit}, {metric.direction} is better" for metric in metrics}


def _named(what: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Reason]:
    """Things that users look for by name, each with what it means."""
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            yield Reason("breaking", f"{what} {name}", "removed")
        elif name not in before:
            yield Reason("feature", f"{what} {name}", "added")
        elif before[name] != after[name]:
            yield Reason("breaking", f"{what} {name}", f"{before[name]}, became {after[name]}")


def _licence(old: ModelContract, new: ModelContract) -> Iterator[Reason]:
    if old.license != new.license:
        yield Reason("breaking", LICENCE, f"{old.license or 'none'} became {new.license or 'none'}")


def _contents(old: ModelContract, new: ModelContract) -> Iterator[Reason]:
    """Other weights answer otherwise, also where every tensor kept its form."""
    if old.model_hash != new.model_hash:
        text = f"{_short(old.model_hash)} became {_short(new.model_hash)}"
        yield Reason("feature", "weights", text)
    then, now = old.dataset, new.dataset
    if then is not None and now is not None and then.digest != now.digest:
        same = then.version == now.version
        told = f"version {now.version}" if same else f"version {then.version} became {now.version}"
        yield Reason("feature", "dataset", f"{told}, with other bytes")
    elif (then is None) != (now is None):
        yield Reason("feature", "dataset", "added" if then is None else "removed")


def _short(digest: str | None) -> str:
    return short_digest(digest, absent="none")


def corrected(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """The reasons as they weigh in a release of type patch: its licence was said wrongly before (R22)."""
    return tuple(
        Reason("patch", reason.subject, reason.text) if reason.subject == LICENCE else reason
        for reason in reasons
    )


def demanded(reasons: Iterable[Reason]) -> Level:
    """The weightiest level of all reasons, `patch` without any."""
    return max((reason.level for reason in reasons), key=LEVELS.index, default="patch")


def part_for(level: Level, last: Version, rules: Versioning) -> Part:
    """The part of a SemVer version that must rise after `last` (SemVer 2.0.0, 6 to 8).

    Before 1.0.0 anything may change (4); what then asks for a minor version, or a patch, is up to the rules.
    """
    part = _PARTS[LEVELS.index(level)]
    if core_of(last)[0] == 0:
        if level == "breaking" and rules.bump_minor_pre_major:
            return "minor"
        if level == "feature" and rules.bump_patch_for_minor_pre_major:
            return "patch"
    return part
