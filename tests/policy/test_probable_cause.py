"""From what was seen to the probable cause: every cause reachable, words whole, always an answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.policy.probable_cause import (
    MEND,
    MOST_LIKELY_FIRST,
    STILL,
    Seen,
    Suspect,
    likely_first,
    probable_causes,
)
from release_tasks.policy.recipe_rules import RULES
from release_tasks.records.diagnosis import Cause, Finding
from release_tasks.records.variation import ASPECTS, DEFAULT

C = Cause
HERE = "it repeats itself here, and is not what was released"
OTHER_CPU = "another processor (B, built with A)"
TRIED = {"tried": True, "repeats": True}
OTHERWISE = {**TRIED, "otherwise": True}


def suspect(rule: str, place: str) -> Suspect:
    return Suspect(rule=rule, place=place)


def alone(name: str) -> str:
    return f"the variation {name} alone changes it"


def seen(**fields: object) -> Seen:
    return Seen(**fields)  # type: ignore[arg-type]


CASES: dict[str, tuple[Seen, list[tuple[Cause, str]]]] = {
    **{
        name: (seen(**TRIED, by_variation=(name,)), [(cause, alone(name))])
        for name, cause in {
            "hash-seed": C.HASH_SEED,
            "clock": C.CLOCK,
            "directory-order": C.DIRECTORY_ORDER,
            "cpus": C.THREADS,
            "malloc": C.MEMORY,
            "path": C.PATH,
            "hostname": C.HOSTNAME,
            "timezone": C.TIME_ZONE,
            "aslr": C.ADDRESSES,
            "umask": C.UMASK,
            "user": C.USER,
            "home": C.HOME,
            "locale": C.LOCALE,
            "cpu-features": C.SIMD_DISPATCH,
            "hostile-environment": C.ENVIRONMENT,
            "still-clock": C.CLOCK,
        }.items()
    },
    "several": (
        seen(**TRIED, by_variation=("hostname", "clock")),
        [(C.HOSTNAME, alone("hostname")), (C.CLOCK, alone("clock"))],
    ),
    "only together": (
        seen(**TRIED, together=("umask", "cpus")),
        [
            (C.UMASK, "only together these variations change it: umask, cpus"),
            (C.THREADS, "only together these variations change it: umask, cpus"),
        ],
    ),
    "one and two": (
        seen(**TRIED, by_variation=("home",), together=("umask", "cpus")),
        [
            (C.HOME, alone("home")),
            (C.UMASK, "only together these variations change it: umask, cpus"),
            (C.THREADS, "only together these variations change it: umask, cpus"),
        ],
    ),
    "no profile": (
        seen(**TRIED, by_variation=("cpu-features",), unpinned=True),
        [
            (C.BLAS_KERNEL, f"{alone('cpu-features')}, and no numeric profile pins the kernel"),
            (C.SIMD_DISPATCH, alone("cpu-features")),
        ],
    ),
    "draws by libm": (
        seen(
            **TRIED, by_variation=("cpu-features",), suspects=(suspect("legacy-numpy-random", "train.py:7"),)
        ),
        [
            (
                C.RNG,
                f"{alone('cpu-features')}; the recipe lint points to train.py:7 (legacy-numpy-random)",
            )
        ],
    ),
    "two places": (
        seen(
            **TRIED,
            by_variation=("clock",),
            suspects=(suspect("clock", "a.py:1"), suspect("clock", "b.py:2"), suspect("set-order", "a.py:9")),
        ),
        [(C.CLOCK, f"{alone('clock')}; the recipe lint points to a.py:1 (clock), b.py:2 (clock)")],
    ),
    **{
        f"still {name}": (
            seen(tried=True, repeats=False, still=(name,)),
            [(cause, f"it differs from run to run, and repeats itself under {name}")],
        )
        for name, cause in STILL
    },
    "two held still": (
        seen(tried=True, repeats=False, still=("still-clock", "aslr")),
        [
            (C.CLOCK, "it differs from run to run, and repeats itself under still-clock and aslr"),
            (C.ADDRESSES, "it differs from run to run, and repeats itself under still-clock and aslr"),
        ],
    ),
    "nothing holds it": (
        seen(tried=True, repeats=False),
        [(C.RNG, "it differs from run to run, also under still-clock, malloc, aslr, cpus")],
    ),
    "the clock could not be held": (
        seen(tried=True, repeats=False, free=("still-clock",)),
        [
            (
                C.RNG,
                (
                    "it differs from run to run, also under malloc, aslr, cpus; "
                    "not to be had here: still-clock"
                ),
            )
        ],
    ),
    "nothing could be held": (
        seen(tried=True, repeats=False, free=tuple(name for name, _ in STILL)),
        [
            (
                C.RNG,
                "it differs from run to run; not to be had here: still-clock, malloc, aslr, cpus",
            )
        ],
    ),
    "header": (
        seen(headers_only=("a.safetensors", "b.safetensors")),
        [
            (
                C.METADATA_ORDER,
                (
                    "only the order in the header of a.safetensors, b.safetensors differs: "
                    "every tensor and every value is the same"
                ),
            )
        ],
    ),
    "no such file": (
        seen(
            failure="step a failed\n  found: Traceback\n  FileNotFoundError: [Errno 2] x: 'y'\n  where: log"
        ),
        [
            (
                C.UNDECLARED_INPUT,
                "it fails without a file that it does not declare: FileNotFoundError: [Errno 2] x: 'y'",
            )
        ],
    ),
    "undeclared": (
        seen(failure="step read read 1 undeclared file\n  found: notes.txt", tried=True),
        [
            (
                C.UNDECLARED_INPUT,
                "it fails without a file that it does not declare: step read read 1 undeclared file",
            )
        ],
    ),
    "network": (
        seen(failure="x\nFileNotFoundError: y\nsocket.gaierror: [Errno -3] Temporary failure\nz"),
        [(C.NETWORK, "it fails without the network: socket.gaierror: [Errno -3] Temporary failure")],
    ),
    "failure of no known kind": (
        seen(failure="step a failed with exit code 3\n  found: boom", tried=True),
        [(C.UNKNOWN, "it fails: step a failed with exit code 3")],
    ),
    "failure without words": (seen(failure=" \n"), [(C.UNKNOWN, "it fails: it says nothing")]),
    "time went by": (
        seen(**OTHERWISE, sensitive=("clock",)),
        [(C.CLOCK, f"{HERE}; the variation clock changes it")],
    ),
    "another processor": (
        seen(**OTHERWISE, sensitive=("cpu-features",), elsewhere=(OTHER_CPU,)),
        [(C.SIMD_DISPATCH, f"{HERE}; the variation cpu-features changes it")],
    ),
    "another system": (
        seen(
            **OTHERWISE, sensitive=(), elsewhere=("another numeric id (b, built with a)",), packages=("p 1",)
        ),
        [
            (C.PACKAGES, "other versions are installed: p 1"),
            (
                C.LIBC,
                "not the same libraries of the system, another numeric id (b, built with a)",
            ),
        ],
    ),
    "other packages": (
        seen(packages=("numpy 2.4, built with 2.2",)),
        [(C.PACKAGES, "other versions are installed: numpy 2.4, built with 2.2")],
    ),
    "no sandbox then": (
        seen(**OTHERWISE, loose=True),
        [
            (
                C.UNDECLARED_INPUT,
                f"{HERE}; the first build was not kept from other files and the network",
            )
        ],
    ),
    "something else": (seen(**OTHERWISE), [(C.DIRTY_INPUT, f"{HERE}: then it read something else")]),
    "something else elsewhere": (
        seen(**OTHERWISE, elsewhere=(OTHER_CPU,)),
        [(C.DIRTY_INPUT, f"{HERE}: then it read something else, {OTHER_CPU}")],
    ),
    "only the lint": (
        seen(suspects=(suspect("set-order", "a.py:3"), suspect("clock", "a.py:9"))),
        [
            (C.HASH_SEED, "nothing else points anywhere; the recipe lint points to a.py:3 (set-order)"),
            (C.CLOCK, "nothing else points anywhere; the recipe lint points to a.py:9 (clock)"),
        ],
    ),
    "once and never again": (
        seen(**TRIED, suspects=(suspect("clock", "a.py:9"),)),
        [(C.UNKNOWN, "it came out otherwise once, and the same as released in every trial since")],
    ),
    "untried": (seen(), [(C.UNKNOWN, "nothing that was seen points to one of the known causes")]),
    "untried elsewhere": (
        seen(elsewhere=(OTHER_CPU,)),
        [
            (
                C.UNKNOWN,
                f"nothing that was seen points to one of the known causes; here is {OTHER_CPU}",
            )
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_was_seen_gives_these_causes_in_this_order(case: str) -> None:
    given_, expected = CASES[case]
    assert [(finding.cause, finding.because) for finding in probable_causes(given_)] == expected


def test_every_cause_is_reachable_and_says_what_to_do() -> None:
    assert {cause for _, expected in CASES.values() for cause, _ in expected} == set(Cause) == set(MEND)
    assert all(MEND.values())
    assert probable_causes(Seen(packages=("p",)))[0] == Finding(
        cause=C.PACKAGES,
        because="other versions are installed: p",
        mend="install what the release was built with: doit reproduce --fresh-env",
    )


def test_what_to_do_about_the_unknown_depends_on_what_was_done() -> None:
    mends = {name: probable_causes(CASES[name][0])[0].mend for name in CASES}
    assert mends["untried"] == "run with --explain to have the step tried under one variation after the other"
    assert mends["once and never again"] == "run it again: a race is the likely reason"
    assert mends["failure of no known kind"] == "see what it wrote in rebuild.json"


def test_a_header_of_all_files_needs_no_trial_and_comes_first() -> None:
    (finding,) = probable_causes(
        Seen(headers_only=("a",), packages=("p",), suspects=(suspect("clock", "a"),))
    )
    assert finding.cause == C.METADATA_ORDER


# What the lint says of the sources themselves, and what only another build of a library would change.
NO_CAUSE = {
    "allow-pickle",
    "compressed-archive",
    "unreadable",
    "no-source",
    "invalid-marker",
    "unused-marker",
}


@pytest.mark.parametrize("rule", list(RULES))
def test_every_rule_of_the_lint_speaks_for_a_cause(rule: str) -> None:
    if rule in NO_CAUSE:
        assert probable_causes(Seen(suspects=(suspect(rule, "a.py:1"),)))[0].cause == C.UNKNOWN
    else:
        (finding,) = probable_causes(Seen(suspects=(suspect(rule, "a.py:1"),)))
        assert finding.cause != C.UNKNOWN
        assert finding.because.endswith(f"the recipe lint points to a.py:1 ({rule})")


def test_suspected_variations_are_tried_first() -> None:
    names = tuple(name for name in ASPECTS if name in DEFAULT)
    assert likely_first(names, ()) == (names, 0)
    assert set(MOST_LIKELY_FIRST) == ASPECTS.keys()
    ordered, likely = likely_first(names, (suspect("clock", "a.py:1"), suspect("host-identity", "a.py:2")))
    assert (ordered[:2], likely) == (("hostname", "clock"), 2)
    ordered, likely = likely_first((*names, "cpu-features"), (suspect("legacy-numpy-random", "a.py:1"),))
    assert (ordered[0], likely) == ("cpu-features", 1)


NAMES = st.lists(st.sampled_from(tuple(ASPECTS)), max_size=4, unique=True).map(tuple)
TEXTS = st.lists(st.text(max_size=30), max_size=3).map(tuple)
SUSPECTS = st.lists(
    st.builds(Suspect, rule=st.sampled_from((*RULES, "no such rule")), place=st.text(max_size=9)),
    max_size=3,
).map(tuple)


@given(
    st.builds(
        Seen,
        failure=st.none() | st.text() | st.sampled_from(("gaierror", "\nNo such file or directory\r\n", "")),
        headers_only=TEXTS,
        packages=TEXTS,
        elsewhere=TEXTS,
        suspects=SUSPECTS,
        unpinned=st.booleans(),
        loose=st.booleans(),
        tried=st.booleans(),
        repeats=st.none() | st.booleans(),
        by_variation=NAMES,
        together=NAMES,
        still=st.lists(st.sampled_from([name for name, _ in STILL]), unique=True).map(tuple),
        free=NAMES,
        otherwise=st.booleans(),
        sensitive=NAMES,
    )
)
def test_there_is_always_an_answer_with_reason_and_remedy(what: Seen) -> None:
    findings = probable_causes(what)
    assert findings
    assert all(finding.because and finding.mend for finding in findings)
    assert findings == probable_causes(what)


@given(NAMES, SUSPECTS)
def test_the_order_of_trials_loses_nothing(names: tuple[str, ...], suspects: tuple[Suspect, ...]) -> None:
    ordered, likely = likely_first(names, suspects)
    assert sorted(ordered) == sorted(names)
    assert 0 <= likely <= len(names)
