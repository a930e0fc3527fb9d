"""Which releases came before this one: their baselines, read strictly and put in the order of versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from release_tasks.errors import FormatError, ReleaseError
from release_tasks.formats.strict_json import parse_strict
from release_tasks.policy.bench_shape import baseline_misfits
from release_tasks.records.baseline import Baseline, baseline_from_json
from release_tasks.records.frozen_record import frozen
from release_tasks.records.version import Scheme, Version, parse_version

MOST = 20  # earlier releases that are shown


@frozen
class History:
    """Earlier releases by version, the files that they were read from, and those that could not be."""

    baselines: tuple[Baseline, ...] = ()
    sources: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def read_history(files: Mapping[str, bytes], *, before: str) -> History:
    """Read what earlier releases measured; of two files about one version the first counts.

    A version that is not of the same scheme, or not earlier than `before`, is left out.
    """
    scheme, version = _version(before)
    found: dict[str, tuple[Version, Baseline, str]] = {}
    unread = []
    for path, data in files.items():
        try:
            baseline = _baseline(data, path)
            other = parse_version(baseline.version, scheme)
        except ReleaseError as error:
            unread.append(f"{path}: {error.what}")
            continue
        if other.precedence < version.precedence:
            found.setdefault(baseline.version, (other, baseline, path))
    ordered = sorted(found.values(), key=lambda item: item[0].precedence)[-MOST:]
    return History(
        baselines=tuple(baseline for _, baseline, _ in ordered),
        sources=tuple(path for _, _, path in ordered),
        unread=tuple(unread),
    )


def _version(text: str) -> tuple[Scheme, Version]:
    """A release does not say its scheme: no version is of both."""
    try:
        return "semver", parse_version(text, "semver")
    except ReleaseError:
        return "calendar", parse_version(text.removesuffix("-snapshot"), "calendar")


def _baseline(data: bytes, path: str) -> Baseline:
    value = parse_strict(data, where=path)
    if not isinstance(value, dict):
        raise FormatError("JSON that is no object", where=path)
    for misfit in baseline_misfits(value):
        raise FormatError(f"{misfit.key} is {misfit.found}, not {misfit.wanted}", where=path)
    return baseline_from_json(value)


def newest_first(paths: Iterable[str]) -> tuple[str, ...]:
    """Files of releases before baselines, each sorted: a release tells more of itself than its baseline."""
    return tuple(sorted(paths, key=lambda path: (path.startswith("baselines/"), path)))
