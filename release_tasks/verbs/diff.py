"""`diff`: what changed from one release to another, and by how much. Offline, read only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from release_tasks.config.plain_yaml import parse_plain_yaml
from release_tasks.errors import ConfigError, FormatError, IntegrityError
from release_tasks.formats.markdown import printable
from release_tasks.formats.strict_json import parse_strict
from release_tasks.formats.tokenizer_json import parse_tokenizer
from release_tasks.policy.dataset_diff import compare_statistics
from release_tasks.policy.metric_diff import compare_benches, compare_quality
from release_tasks.policy.release_facts import (
    environment_facts,
    licence_facts,
    metadata_facts,
    verdict_facts,
)
from release_tasks.policy.release_pairs import FilePair, pair_files
from release_tasks.policy.tolerance import Tolerance, level_reached, weakest
from release_tasks.policy.value_diff import compare_values
from release_tasks.policy.vocabulary_diff import compare_vocabularies
from release_tasks.records.difference import FileDifference
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.release_contents import METADATA, VERDICT
from release_tasks.records.release_difference import (
    DatasetDifference,
    FileChange,
    ReleaseDifference,
    ReleaseSide,
    VocabularyDifference,
)
from release_tasks.system.compare_files import compare_files, compare_tensor_files
from release_tasks.system.release_files import ReleaseFiles, read_release_files
from release_tasks.verbs.dataset_versions import with_records

_ENVIRONMENT = "evidence/environment.json"
_METRICS = "evidence/metrics.json"
_STATISTICS = "evidence/dataset_statistics.json"
_RECORDS = frozenset({METADATA, VERDICT, _ENVIRONMENT, _METRICS, _STATISTICS})
_WEIGHTS = "weights"
_COVERED = frozenset(
    {_WEIGHTS, "gguf", "tokenizer", "config", "dataset-statistics"}
)  # by sections of their own
_SHOWN = 5  # problems of a release that is refused


def diff_releases(
    before: Path, after: Path, *, tolerance: Tolerance, unverified: bool, cwd: Path
) -> ReleaseDifference:
    """Compare two release directories, tars or zips, their paths relative to `cwd`.

    `tolerance` says how alike weights must be for the level of that name. Records of datasets are looked up
    in the repository around `cwd`. Of an archive, what differs is unpacked into a temporary folder. Raises
    ConfigError for a path that is not there, IntegrityError for a release that does not verify, unless
    `unverified`, and for one without a manifest, FormatError for records and weights that are malformed,
    StorageError when the system refuses.
    """
    with TemporaryDirectory(prefix="release-diff-") as folder:
        sides = [
            read_release_files(cwd / path, unpacked=Path(folder) / name)
            for path, name in ((before, "before"), (after, "after"))
        ]
        if not unverified:
            for side in sides:
                _refuse_unverified(side)
        found = _compare(sides[0], sides[1], (before, after), cwd)
    return replace(found, level=weakest(level_reached(file, tolerance) for file in found.weights))


def _refuse_unverified(side: ReleaseFiles) -> None:
    problems = side.checked.problems
    if problems:
        found = [f"{one.code} {printable(one.path)}: {printable(one.found)}" for one in problems[:_SHOWN]]
        if len(problems) > _SHOWN:
            found.append(f"and {len(problems) - _SHOWN} more")
        raise IntegrityError(
            "the release does not verify",
            wanted="a release without problems",
            found="\n".join(found),
            where=str(side.place),
            hint="'verify' lists them all; --unverified compares what is there",
        )


def _compare(old: ReleaseFiles, new: ReleaseFiles, paths: tuple[Path, Path], cwd: Path) -> ReleaseDifference:
    pairs = pair_files(old.manifest, new.manifest)
    differing = tuple(pair for pair in pairs if _differs(pair, old, new))
    wanted = _wanted(pairs, differing)
    old.ready(_RECORDS | {pair.before.path for pair in wanted if pair.before is not None})
    new.ready(_RECORDS | {pair.after.path for pair in wanted if pair.after is not None})
    left, right = _records(old), _records(new)
    metadata = (left[METADATA], right[METADATA])
    sides = (_side(old, paths[0], metadata[0]), _side(new, paths[1], metadata[1]))
    roots = (old.checked.root, new.checked.root)
    tokenizer = _tokenizer(differing, old, new)
    exact = (old.checked.exact_root, new.checked.exact_root)
    return ReleaseDifference(
        before=sides[0],
        after=sides[1],
        identical=roots[0] is not None and roots[0] == roots[1],
        exact=exact[0] is not None and exact[0] == exact[1],
        same_files=len(pairs) - len(differing),
        files=tuple(map(_change, differing)),
        weights=tuple(_weights(differing, pairs, old, new)),
        tokenizer=tokenizer,
        config=tuple(_configs(differing, old, new)),
        dataset=_dataset(left, right, sides, cwd),
        metrics=(
            *compare_quality(*(_get(value, "metrics_summary") for value in metadata)),
            *compare_benches(left[_METRICS], right[_METRICS]),
        ),
        metadata=compare_values(*map(metadata_facts, metadata)),
        licences=compare_values(*map(licence_facts, metadata)),
        environment=compare_values(
            *(environment_facts(side[_ENVIRONMENT], side[_METRICS]) for side in (left, right))
        ),
        verdict=compare_values(*(verdict_facts(side[VERDICT]) for side in (left, right))),
        others=tuple(_others(differing, old, new, unread=tokenizer is None)),
    )


def _wanted(pairs: Sequence[FilePair], differing: Sequence[FilePair]) -> Sequence[FilePair]:
    """What is opened: what differs, and with one shard all of them, for tensors move between shards."""
    if not any(pair.file.role == _WEIGHTS for pair in differing):
        return differing
    return [*differing, *(pair for pair in pairs if pair.file.role == _WEIGHTS)]


def _differs(pair: FilePair, old: ReleaseFiles, new: ReleaseFiles) -> bool:
    if pair.before is None or pair.after is None:
        return True
    digests = (old.digests.get(pair.before.path), new.digests.get(pair.after.path))
    return digests[0] is None or digests[0] != digests[1] or pair.before.path != pair.after.path


def _change(pair: FilePair) -> FileChange:
    return FileChange(
        before=None if pair.before is None else pair.before.path,
        after=None if pair.after is None else pair.after.path,
        role=pair.file.role,
        cls=pair.file.cls,
    )


def _records(side: ReleaseFiles) -> dict[str, JSON]:
    """The records that are compared by key; one that is not there is None."""
    found: dict[str, JSON] = {}
    for path in sorted(_RECORDS):
        data = side.read(path)
        found[path] = None if data is None else parse_strict(data, where=f"{side.place}: {path}")
    return found


def _side(side: ReleaseFiles, path: Path, metadata: JSON) -> ReleaseSide:
    commit = _get(metadata, "git_commit")
    checked = side.checked
    return ReleaseSide(
        path=str(path),
        name=side.manifest.name,
        version=side.manifest.version,
        commit=commit if isinstance(commit, str) else None,
        root=None if checked.root is None else str(checked.root),
        exact_root=None if checked.exact_root is None else str(checked.exact_root),
        problems=len(checked.problems),
    )


def _get(value: JSON, key: str) -> JSON:
    return value.get(key) if isinstance(value, dict) else None


def _weights(
    differing: Sequence[FilePair], pairs: Sequence[FilePair], old: ReleaseFiles, new: ReleaseFiles
) -> Iterator[FileDifference]:
    """All shards of the weights as one file, and each GGUF file by itself."""
    if any(pair.file.role == _WEIGHTS for pair in differing):
        yield _shards(pairs, old, new)
    for pair in differing:
        if pair.file.role == "gguf":
            found = _both(pair, old, new)
            if found is not None:
                yield found


def _shards(pairs: Sequence[FilePair], old: ReleaseFiles, new: ReleaseFiles) -> FileDifference:
    sides = [(pair.before, pair.after) for pair in pairs if pair.file.role == _WEIGHTS]
    before = [one.path for one, _ in sides if one is not None and one.path in old.digests]
    after = [other.path for _, other in sides if other is not None and other.path in new.digests]
    name = after[0] if len(after) == 1 else f"{len(after)} shards"
    return compare_tensor_files(tuple(map(old.path, before)), tuple(map(new.path, after)), name=name)


def _both(pair: FilePair, old: ReleaseFiles, new: ReleaseFiles) -> FileDifference | None:
    """Compare a pair of which both files are there and differ."""
    if pair.before is None or pair.after is None:
        return None
    digests = (old.digests.get(pair.before.path), new.digests.get(pair.after.path))
    if None in digests or digests[0] == digests[1]:
        return None
    return compare_files(old.path(pair.before.path), new.path(pair.after.path), name=pair.after.path)


def _tokenizer(
    differing: Sequence[FilePair], old: ReleaseFiles, new: ReleaseFiles
) -> VocabularyDifference | None:
    for pair in differing:
        if pair.file.role == "tokenizer" and pair.before is not None and pair.after is not None:
            sides = (old.read(pair.before.path), new.read(pair.after.path))
            if sides[0] is None or sides[1] is None:
                return None
            try:
                return compare_vocabularies(*(parse_tokenizer(data, where="") for data in sides if data))
            except FormatError:  # a tokenizer of another library: its file is compared among the others
                return None
    return None


def _configs(differing: Sequence[FilePair], old: ReleaseFiles, new: ReleaseFiles) -> Iterator[FileDifference]:
    """The configuration by key; its YAML rendering says the same again and is left out."""
    pairs = [pair for pair in differing if pair.file.role == "config"]
    is_json = any(pair.file.path.endswith(".json") for pair in pairs)
    for pair in pairs:
        if is_json and not pair.file.path.endswith(".json"):
            continue
        found = _both(pair, old, new)
        if found is not None and pair.before is not None and pair.after is not None:
            yield _by_key(found, old.read(pair.before.path), new.read(pair.after.path))


def _by_key(found: FileDifference, old: bytes | None, new: bytes | None) -> FileDifference:
    """Compare plain YAML by key; the lines stay for whatever is not plain."""
    if found.format != "text" or old is None or new is None:
        return found
    try:
        values = [_plain_yaml(data, found.name) for data in (old, new)]
    except ConfigError:
        return found
    return replace(found, values=compare_values(values[0], values[1]))


def _plain_yaml(data: bytes, name: str) -> JSON:
    value = parse_plain_yaml(data.decode("utf-8"), where=name)  # it is text, or it were not compared so
    mapping: JSONObject = value if isinstance(value, dict) else {"": str(value)}
    return mapping


def _dataset(
    left: dict[str, JSON], right: dict[str, JSON], sides: Sequence[ReleaseSide], cwd: Path
) -> DatasetDifference:
    old, new = left[_STATISTICS], right[_STATISTICS]
    found = compare_statistics(old, new)
    return with_records(found, (old, sides[0].commit), (new, sides[1].commit), cwd=cwd)


def _others(
    differing: Sequence[FilePair], old: ReleaseFiles, new: ReleaseFiles, *, unread: bool
) -> Iterator[FileDifference]:
    """Exact files that have no section of their own, and a tokenizer that has no vocabulary to compare."""
    for pair in differing:
        covered = pair.file.role in _COVERED and not (pair.file.role == "tokenizer" and unread)
        found = None if covered or pair.file.cls != "exact" else _both(pair, old, new)
        if found is not None:
            yield found
