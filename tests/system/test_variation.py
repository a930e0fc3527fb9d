"""What cannot be varied here is found by trying, and said in a sentence."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from release_tasks.records.variation import ASPECTS, DEFAULT
from release_tasks.system import variation, varied
from release_tasks.system.variation import Variation, unavailable

linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system is the reason")


@pytest.fixture
def fresh() -> Iterator[None]:
    caches = (variation._why_not, varied.other_locales, varied.faketime_library)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


def test_a_variation_is_a_value() -> None:
    assert Variation() == Variation(names=DEFAULT, round=1)
    assert pickle.loads(pickle.dumps(Variation(round=2))) == Variation(round=2)


@linux
@pytest.mark.parametrize("boxed", [True, False])
def test_missing_tools_are_named(
    *, monkeypatch: pytest.MonkeyPatch, fresh: None, tmp_path: Path, boxed: bool
) -> None:
    for module in (variation, varied):
        monkeypatch.setattr(module, "search_path", lambda: str(tmp_path))
    expected = {
        "locale": "not installed: locale",
        "cpus": "not installed: taskset",
        "directory-order": "not installed: disorderfs, unshare",
        "clock": "not installed: faketime, env",
        "still-clock": "not installed: faketime, env",
        "aslr": "not installed: setarch",
    }
    if not boxed:
        expected |= {
            "user": "not installed: unshare",
            "hostname": "not installed: unshare, hostname",
            "directory-order": "not installed: disorderfs, unshare, mount",
            "clock": "not installed: faketime, env, unshare, mount",
            "still-clock": "not installed: faketime, env, unshare, mount",
        }
    asked = ASPECTS.keys() - {"malloc", "cpu-features"}  # they need nothing but the C library
    assert dict(unavailable(asked, boxed=boxed)) == expected


@linux
def test_tools_that_do_not_work_or_do_nothing_are_told_apart(
    monkeypatch: pytest.MonkeyPatch, fresh: None, tmp_path: Path
) -> None:
    scripts = {
        "setarch": "echo 'setarch: failed to set personality' >&2; exit 1",
        "taskset": 'shift 2; exec "$@"',
        "faketime": "exit 3",
        "locale": "echo C.utf8",
        "env": "exit 1",
    }
    for name, script in scripts.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    for module in (variation, varied):
        monkeypatch.setattr(module, "search_path", lambda: str(tmp_path))
    monkeypatch.setattr(varied, "own_cpus", lambda: ((0,),))
    monkeypatch.setattr(variation, "own_cpus", lambda: ((0,),))
    assert unavailable(frozenset({"aslr", "cpus", "clock", "locale"}), boxed=True) == (
        ("locale", "the system has no other locale"),
        ("cpus", "taskset has no effect here"),
        ("clock", "faketime does not name its library"),
        ("aslr", "setarch does not work here (setarch: failed to set personality)"),
    )


@pytest.mark.parametrize(
    ("platform", "possible"),
    [
        ("darwin", {"path", "home", "hash-seed", "hostile-environment", "timezone", "umask", "locale"}),
        ("win32", {"path", "home", "hash-seed", "hostile-environment"}),
    ],
)
def test_elsewhere_the_system_is_the_reason(
    monkeypatch: pytest.MonkeyPatch, fresh: None, platform: str, possible: set[str]
) -> None:
    monkeypatch.setattr(variation.sys, "platform", platform)
    monkeypatch.setattr(variation, "_TRIALS", {})
    missing = dict(unavailable(ASPECTS, boxed=False))
    assert missing.keys() == ASPECTS.keys() - possible
    assert missing["clock"] == f"it needs Linux, this is {platform}"


@linux
def test_one_cpu_cannot_be_varied(monkeypatch: pytest.MonkeyPatch, fresh: None) -> None:
    monkeypatch.setattr(variation, "own_cpus", lambda: ())
    assert unavailable({"cpus"}, boxed=True) == (("cpus", "the machine has one CPU"),)
