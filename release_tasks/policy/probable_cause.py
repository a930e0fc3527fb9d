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
# The cause behind a variation that changes what a step makes; the likely ones first, they are tried first.
_BY_VARIATION: Mapping[str, Cause] = {
    "hash-seed": Cause.HASH_SEED,
    "clock": Cause.CLOCK,
    "directory-order": Cause.DIRECTORY_ORDER,
    "cpus": Cause.THREADS,
    "malloc": Cause.MEMORY,
    "path": Cause.PATH,
    "hostname": Cause.HOSTNAME,
    "timezone": Cause.TIME_ZONE,
    "aslr": Cause.ADDRESSES,
    "umask": Cause.UMASK,
    "user": Cause.USER,
    "home": Cause.HOME,
    "locale": Cause.LOCALE,
    "cpu-features": Cause.SIMD_DISPATCH,
    "hostile-environment": Cause.ENVIRONMENT,
    "still-clock": Cause.CLOCK,
}
MOST_LIKELY_FIRST: tuple[str, ...] = tuple(_BY_VARIATION)
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

    `headers_only` are its files when nothing but the order in their headers differs, `packages` those that
    are installed in another version, `elsewhere` says how the machine differs, `suspects` are findings of the
    recipe lint, `unpinned` says that no numeric profile holds BLAS, `loose` that the first build ran in no
    sandbox. With `tried` it was run again: `repeats` says whether it repeats itself where nothing is varied,
    `by_variation` which variations change it each alone, `together` which only together; `still` what has to
    be held still for it to repeat itself, `free` what could not be. `otherwise` is a step that repeats itself
    and is not what was released; `sensitive` are the variations that change it even so.
    """

    failure: str | None = None
    headers_only: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    suspects: tuple[Suspect, ...] = ()
    unpinned: bool = False
    loose: bool = False
    tried: bool = False
    repeats: bool | None = None
    by_variation: tuple[str, ...] = ()
    together: tuple[str, ...] = ()
    still: tuple[str, ...] = ()
    free: tuple[str, ...] = ()
    otherwise: bool = False
    sensitive: tuple[str, ...] = ()


def likely_first(names: Sequence[str], suspects: Sequence[Suspect]) -> tuple[tuple[str, ...], int]:
    """The same names, those first that the recipe lint speaks for, and how many these are."""
    causes = {_BY_RULE[item.rule] for item in suspects if item.rule in _BY_RULE}
    if any(item.rule in _BY_LIBM for item in suspects):
        causes.add(Cause.SIMD_DISPATCH)
    likely = [name for name in names if _BY_VARIATION.get(name) in causes]
    return (*likely, *(name for name in names if name not in likely)), len(likely)


def probable_causes(seen: Seen) -> tuple[Finding, ...]:
    """The causes that fit, most likely first; never empty."""
    found = tuple(_causes(seen)) or tuple(_suspected(seen))
    return found or (_unknown(seen),)


def _finding(cause: Cause, because: str, seen: Seen) -> Finding:
    """A finding, with the places in the sources that speak for it too."""
    places = [f"{item.place} ({item.rule})" for item in seen.suspects if _BY_RULE.get(item.rule) == cause]
    told = f"; the recipe lint points to {', '.join(places)}" if places else ""
    return Finding(cause=cause, because=because + told, mend=MEND[cause])


def _causes(seen: Seen) -> Iterator[Finding]:
    if seen.failure is not None:
        yield from _of_failure(seen, seen.failure)
    elif seen.headers_only:
        names = ", ".join(seen.headers_only)
        because = f"only the order in the header of {names} differs: every tensor and every value is the same"
        yield _finding(Cause.METADATA_ORDER, because, seen)
    elif seen.by_variation or seen.together:
        yield from _of_variations(seen)
    elif seen.repeats is False:
        yield from _of_itself(seen)
    elif seen.otherwise or seen.packages:
        yield from _elsewhere(seen)


def _of_failure(seen: Seen, failure: str) -> Iterator[Finding]:
    network = _NETWORK.search(failure)
    missing = _UNDECLARED.search(failure)
    if network is not None:
        yield _finding(Cause.NETWORK, f"it fails without the network: {_line(failure, network)}", seen)
    elif missing is not None:
        because = f"it fails without a file that it does not declare: {_line(failure, missing)}"
        yield _finding(Cause.UNDECLARED_INPUT, because, seen)


def _line(text: str, match: re.Match[str]) -> str:
    """The line of a text in which something was found."""
    begin = text.rfind("\n", 0, match.start()) + 1
    return text[begin:].splitlines()[0].strip()


def _of_variations(seen: Seen) -> Iterator[Finding]:
    for name in seen.by_variation:
        yield from _of_variation(name, f"the variation {name} alone changes it", seen)
    because = f"only together these variations change it: {', '.join(seen.together)}"
    for name in seen.together:
        yield from _of_variation(name, because, seen)


def _of_variation(name: str, because: str, seen: Seen) -> Iterator[Finding]:
    """What a variation speaks for; another CPU has another mathematics, BLAS and SIMD units."""
    if name == "cpu-features" and any(item.rule in _BY_LIBM for item in seen.suspects):
        yield _finding(Cause.RNG, because, seen)
        return
    if name == "cpu-features" and seen.unpinned:
        yield _finding(Cause.BLAS_KERNEL, f"{because}, and no numeric profile pins the kernel", seen)
    yield _finding(_BY_VARIATION[name], because, seen)


def _of_itself(seen: Seen) -> Iterator[Finding]:
    """A step that does not repeat itself where nothing is varied."""
    for name in seen.still:
        names = " and ".join(seen.still)
        because = f"it differs from run to run, and repeats itself under {names}"
        yield _finding(dict(STILL)[name], because, seen)
    if not seen.still:
        held = ", ".join(name for name, _ in STILL if name not in seen.free)
        because = f"it differs from run to run, also under {held}" if held else "it differs from run to run"
        if seen.free:
            because += f"; not to be had here: {', '.join(seen.free)}"
        yield _finding(Cause.RNG, because, seen)


def _elsewhere(seen: Seen) -> Iterator[Finding]:
    """A step that is not what was built, though nothing of the variation explains it."""
    here = "it repeats itself here, and is not what was released"
    for name in seen.sensitive:
        yield from _of_variation(name, f"{here}; the variation {name} changes it", seen)
    if seen.packages:
        yield _finding(Cause.PACKAGES, f"other versions are installed: {', '.join(seen.packages)}", seen)
    told = "".join(f", {item}" for item in seen.elsewhere)
    if any("numeric id" in item for item in seen.elsewhere):
        yield _finding(Cause.LIBC, f"not the same libraries of the system{told}", seen)
    if seen.otherwise and not seen.packages and not seen.sensitive:
        if seen.loose:
            because = f"{here}; the first build was not kept from other files and the network"
            yield _finding(Cause.UNDECLARED_INPUT, because, seen)
        else:
            yield _finding(Cause.DIRTY_INPUT, f"{here}: then it read something else{told}", seen)


def _suspected(seen: Seen) -> Iterator[Finding]:
    """Nothing that was seen decides: what the recipe lint finds is all there is."""
    if seen.tried and seen.failure is None and seen.repeats is True:
        return  # what the lint points to was tried
    causes = dict.fromkeys(_BY_RULE[item.rule] for item in seen.suspects if item.rule in _BY_RULE)
    yield from (_finding(cause, "nothing else points anywhere", seen) for cause in causes)


def _unknown(seen: Seen) -> Finding:
    """Nothing known fits: what was seen, and where to look next."""
    if seen.failure is not None:
        first = seen.failure.splitlines()[0] if seen.failure.strip() else "it says nothing"
        return Finding(
            cause=Cause.UNKNOWN, because=f"it fails: {first}", mend="see what it wrote in rebuild.json"
        )
    if seen.tried:
        because = "it came out otherwise once, and the same as released in every trial since"
        return Finding(cause=Cause.UNKNOWN, because=because, mend="run it again: a race is the likely reason")
    told = f"; here is {', '.join(seen.elsewhere)}" if seen.elsewhere else ""
    return Finding(
        cause=Cause.UNKNOWN,
        because=f"nothing that was seen points to one of the known causes{told}",
        mend=MEND[Cause.UNKNOWN],
    )
