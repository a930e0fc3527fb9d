"""From what was seen of a step to the known pattern behind it; pure, every conclusion says what led to it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from release_tasks.records.diagnosis import Cause, Finding
from release_tasks.records.frozen_record import frozen

_SORT = "sort what is listed before it is used: sorted(os.listdir(…)), sorted(path.glob(…))"
MEND: Mapping[Cause, str] = {
    Cause.THREADS: "pin one thread: [environment] numeric = 'v3' or 'portable' does it before numpy loads",
    Cause.BLAS_KERNEL: "pin the BLAS kernel: [environment] numeric = 'v3' or 'portable'",
    Cause.SIMD_DISPATCH: "release under numeric = 'portable'; sort with kind='stable'",
    Cause.LIBC: "draw in float64 and cast to float32; the libc is part of the numeric id",
    Cause.RNG: "seed every generator from the step's seed: numpy.random.default_rng(seed)",
    Cause.METADATA_ORDER: "write canonical safetensors ('doit canonicalize'), or one metadata key at most",
    Cause.CLOCK: "take times from SOURCE_DATE_EPOCH, or leave them out",
    Cause.TIME_ZONE: "format times in UTC",
    Cause.LOCALE: "name the encoding, and neither sort nor print by the locale",
    Cause.DIRECTORY_ORDER: _SORT,
    Cause.HASH_SEED: "sort sets before they are walked: for item in sorted(found)",
    Cause.MEMORY: "fill arrays before they are used: numpy.zeros instead of numpy.empty",
    Cause.ADDRESSES: "use no id() and no default repr() in what is written or sorted",
    Cause.UMASK: "do not write modes into a file; set those of new files with chmod",
    Cause.HOSTNAME: "leave the machine's name out",
    Cause.USER: "leave the user's name and id out",
    Cause.HOME: "read nothing from the home folder, and leave its name out",
    Cause.PATH: "write relative paths",
    Cause.ENVIRONMENT: "read only variables that [environment] pass declares",
    Cause.PACKAGES: "install what the release was built with: doit reproduce --fresh-env",
    Cause.UNDECLARED_INPUT: "declare it in the reads of the step",
    Cause.DIRTY_INPUT: "commit what the step reads, and freeze it",
    Cause.NETWORK: "fetch beforehand, declare the file in reads, and freeze it",
    Cause.UNKNOWN: "run with --explain to have the step tried under one variation after the other",
}  # fmt: skip
# The cause behind a variation that alone changes what a step makes.
_BY_VARIATION: Mapping[str, Cause] = {
    "path": Cause.PATH,
    "home": Cause.HOME,
    "user": Cause.USER,
    "hostname": Cause.HOSTNAME,
    "timezone": Cause.TIME_ZONE,
    "locale": Cause.LOCALE,
    "umask": Cause.UMASK,
    "hash-seed": Cause.HASH_SEED,
    "cpus": Cause.THREADS,
    "directory-order": Cause.DIRECTORY_ORDER,
    "clock": Cause.CLOCK,
    "aslr": Cause.ADDRESSES,
    "malloc": Cause.MEMORY,
    "hostile-environment": Cause.ENVIRONMENT,
    "cpu-features": Cause.SIMD_DISPATCH,
}
# What makes a step repeat itself when it is held still, though it does not by itself; the first that does.
STILL: tuple[tuple[str, Cause], ...] = (
    ("still-clock", Cause.CLOCK),
    ("malloc", Cause.MEMORY),
    ("aslr", Cause.ADDRESSES),
    ("cpus", Cause.THREADS),
)
_NETWORK = re.compile(
    r"network is unreachable|name or service not known|temporary failure in name resolution"
    r"|could not resolve host|connection refused|max retries exceeded|nodename nor servname|gaierror",
    re.IGNORECASE,
)
_UNDECLARED = re.compile(r"undeclared file|no such file or directory|filenotfounderror", re.IGNORECASE)
# The cause for which a rule of the recipe lint speaks (docs/reference/recipe-lint.md).
_BY_RULE: Mapping[str, Cause] = {
    "float32-draws": Cause.RNG,
    "legacy-numpy-random": Cause.RNG,
    "unseeded-generator": Cause.RNG,
    "torch-settings": Cause.RNG,
    "entropy": Cause.RNG,
    "unstable-sort": Cause.SIMD_DISPATCH,
    "set-order": Cause.HASH_SEED,
    "salted-hash": Cause.HASH_SEED,
    "pickled-set": Cause.HASH_SEED,
    "listing-order": Cause.DIRECTORY_ORDER,
    "completion-order": Cause.THREADS,
    "late-thread-settings": Cause.THREADS,
    "einsum-optimize": Cause.THREADS,
    "clock": Cause.CLOCK,
    "gzip-time": Cause.CLOCK,
    "archive-metadata": Cause.CLOCK,
    "temporary-name": Cause.RNG,
    "host-identity": Cause.HOSTNAME,
    "uninitialised-memory": Cause.MEMORY,
    "safetensors-metadata": Cause.METADATA_ORDER,
    "safetensors-layout": Cause.MEMORY,
}
# Draws whose bits the C library's mathematics decides: what looks like a CPU is the generator.
_BY_LIBM = frozenset({"float32-draws", "legacy-numpy-random"})


@frozen
class Suspect:
    """A finding of the recipe lint in a source of the step."""

    rule: str
    place: str


@frozen
class Seen:
    """What is known of a step that came out otherwise.

    `by_variation` are the variations that alone change it, `still` what has to be held still for it to repeat
    itself; both are None when nobody tried. `repeats` says whether it repeats itself where nothing is varied.
    `headers_only` are files of which only the header differs, `packages` those installed in another version,
    `elsewhere` in words how the machine differs, `suspects` findings of the recipe lint as `file:line rule`.
    """

    failure: str | None = None
    headers_only: tuple[str, ...] = ()
    by_variation: tuple[str, ...] | None = None
    together: bool = False
    repeats: bool | None = None
    still: str | None = None
    sensitive: bool | None = None
    packages: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    suspects: tuple[Suspect, ...] = ()


def probable_causes(seen: Seen) -> tuple[Finding, ...]:
    """The causes that fit, most likely first; never empty."""
    found = tuple(_causes(seen)) or tuple(_suspected(seen))
    return found or (_finding(Cause.UNKNOWN, _unknown(seen), seen),)


def _finding(cause: Cause, because: str, seen: Seen) -> Finding:
    """A finding, with the places in the sources that speak for it too."""
    places = [f"{item.place} ({item.rule})" for item in seen.suspects if _BY_RULE.get(item.rule) == cause]
    told = f"; the recipe lint points to {', '.join(places)}" if places else ""
    return Finding(cause=cause, because=because + told, mend=MEND[cause])


def _causes(seen: Seen) -> Iterator[Finding]:
    if seen.failure is not None:
        yield from _of_failure(seen)
    elif seen.by_variation:
        yield from _of_variations(seen, seen.by_variation)
    elif seen.headers_only and seen.repeats is not True:
        names = ", ".join(seen.headers_only)
        yield _finding(
            Cause.METADATA_ORDER, f"only the header of {names} differs, every tensor is the same", seen
        )
    elif seen.repeats is False:
        yield from _of_itself(seen)
    elif seen.repeats is True or seen.packages or seen.elsewhere:
        yield from _elsewhere(seen)


def _of_failure(seen: Seen) -> Iterator[Finding]:
    failure = seen.failure or ""
    first = failure.splitlines()[0] if failure else "it failed"
    if _NETWORK.search(failure):
        yield _finding(Cause.NETWORK, f"the network is cut off, and {first}", seen)
    elif _UNDECLARED.search(failure):
        because = f"a file that the step does not declare is not there: {first}"
        yield _finding(Cause.UNDECLARED_INPUT, because, seen)


def _of_variations(seen: Seen, names: Sequence[str]) -> Iterator[Finding]:
    if seen.together:
        because = f"only together these variations change it: {', '.join(names)}"
        yield from (_finding(_BY_VARIATION[name], because, seen) for name in names)
        return
    for name in names:
        because = f"the variation {name} alone changes it"
        by_libm = name == "cpu-features" and any(item.rule in _BY_LIBM for item in seen.suspects)
        yield _finding(Cause.RNG if by_libm else _BY_VARIATION[name], because, seen)


def _of_itself(seen: Seen) -> Iterator[Finding]:
    """A step that does not repeat itself where nothing is varied."""
    if seen.still is not None:
        because = f"it differs from run to run, and repeats itself under {seen.still}"
        yield _finding(dict(STILL)[seen.still], because, seen)
    else:
        yield _finding(Cause.RNG, "it differs from run to run, whatever is held still", seen)


def _elsewhere(seen: Seen) -> Iterator[Finding]:
    """A step that repeats itself here, and is not what was built there."""
    if seen.packages:
        yield _finding(Cause.PACKAGES, f"other versions are installed: {', '.join(seen.packages)}", seen)
    if seen.sensitive:
        told = f": {', '.join(seen.elsewhere)}" if seen.elsewhere else ""
        by_libm = any(item.rule in _BY_LIBM for item in seen.suspects)
        because = f"another CPU changes it, as the variation cpu-features shows{told}"
        yield _finding(Cause.RNG if by_libm else Cause.SIMD_DISPATCH, because, seen)
    elif seen.elsewhere:
        yield _finding(Cause.LIBC, f"it repeats itself here, and here is {', '.join(seen.elsewhere)}", seen)
    if not seen.packages and not seen.elsewhere and not seen.sensitive:
        because = "it repeats itself here, on the machine that built it: then it read something else"
        yield _finding(Cause.DIRTY_INPUT, because, seen)


def _suspected(seen: Seen) -> Iterator[Finding]:
    """Nothing that was seen decides: what the recipe lint finds is all there is."""
    causes = dict.fromkeys(_BY_RULE[item.rule] for item in seen.suspects if item.rule in _BY_RULE)
    yield from (_finding(cause, "nothing else points anywhere", seen) for cause in causes)


def _unknown(seen: Seen) -> str:
    if seen.repeats is None:
        return "nothing that was seen points to one of the known causes"
    return "no variation alone changes it, and it repeats itself"
