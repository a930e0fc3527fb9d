"""Profiles, the numeric id and the allow-listed environment."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from typing import Any

import pytest

from release_tasks.errors import EnvironmentRefused
from release_tasks.system.environment import (
    Asked,
    Profile,
    child_environment,
    numeric_id,
    numpy_version,
    profile_environment,
    profile_reason,
    resolve_profile,
)

MODERN = frozenset({"avx2", "fma", "sse4_2"})
OLD = frozenset({"sse4_2"})


def environment(**changes: Any) -> dict[str, str]:
    fields: dict[str, Any] = {
        "profile": "v3",
        "seed": None,
        "pass_": (),
        "surrounding": {},
        "home": "/home/build",
        "temporary": "/tmp",
        "folder": "/build",
        "probe": "/probe",
        "report": "/report/numeric.json",
    }
    return child_environment(**fields | changes)


@pytest.mark.parametrize(
    ("asked", "platform", "cpu", "profile", "reason"),
    [
        ("auto", "linux-x86_64", MODERN, "v3", "the CPU has AVX2 and FMA"),
        ("auto", "linux-x86_64", OLD, "none", "the CPU lacks AVX2 and FMA"),
        ("auto", "linux-x86_64", frozenset({"avx2"}), "none", "the CPU lacks FMA"),
        (
            "auto",
            "darwin-aarch64",
            MODERN,
            "none",
            "the profiles are defined for linux-x86_64, this is darwin-aarch64",
        ),
        ("v3", "linux-x86_64", MODERN, "v3", "asked for"),
        ("portable", "linux-x86_64", OLD, "portable", "asked for"),
        ("none", "win32-x86_64", OLD, "none", "no profile was asked for"),
    ],
)
def test_the_profile_follows_the_cpu(
    asked: Asked, platform: str, cpu: frozenset[str], profile: Profile, reason: str
) -> None:
    assert resolve_profile(asked, platform=platform, cpu=cpu) == profile
    assert profile_reason(asked, platform=platform, cpu=cpu) == reason


def test_v3_is_refused_up_front_where_it_would_be_an_illegal_instruction() -> None:
    with pytest.raises(EnvironmentRefused) as caught:
        resolve_profile("v3", platform="linux-x86_64", cpu=OLD)
    assert str(caught.value) == (
        "the numeric profile v3 is not to be had on this machine\n"
        "  wanted: an x86-64 CPU with AVX2 and FMA\n"
        "  found:  a CPU without AVX2 and FMA\n"
        '  hint:   [environment] numeric = "portable" runs on any x86-64 CPU'
    )


@pytest.mark.parametrize("asked", ["v3", "portable"])
def test_a_profile_is_refused_on_another_system(asked: Asked) -> None:
    with pytest.raises(EnvironmentRefused) as caught:
        resolve_profile(asked, platform="darwin-aarch64", cpu=MODERN)
    assert str(caught.value) == (
        f"the numeric profile {asked} is not to be had on this machine\n"
        "  wanted: linux-x86_64\n"
        "  found:  darwin-aarch64\n"
        '  hint:   [environment] numeric = "auto" takes what the machine can give'
    )


def test_the_numpy_version_is_the_one_that_would_be_imported() -> None:
    assert numpy_version() == importlib.metadata.version("numpy")


@pytest.mark.skipif(sys.platform != "linux", reason="the id names the system")
def test_the_numeric_id_is_a_readable_key() -> None:
    key = numeric_id("v3", libc="glibc 2.36", numpy="2.4.6")
    assert key.startswith("v3-linux-")
    assert key.endswith("-glibc2.36-numpy2.4.6")


def test_the_numeric_id_imports_nothing_heavy() -> None:
    code = (
        "import sys, release_tasks.system.environment as e; e.numeric_id(e.resolve_profile('auto'));"
        "print(sorted({'numpy', 'importlib.metadata', 'threadpoolctl', 'platform', 'ctypes'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_nothing_of_the_surroundings_leaks() -> None:
    hostile = {
        "OPENBLAS_NUM_THREADS": "8",
        "OMP_NUM_THREADS": "8",
        "NPY_DISABLE_CPU_FEATURES": "AVX2",
        "LD_PRELOAD": "evil.so",
        "PYTHONHASHSEED": "17",
        "PYTHONSTARTUP": "evil.py",
        "TZ": "Asia/Kolkata",
        "HOME": "/root",
        "SECRET": "1",
    }
    assert environment(surrounding=hostile) == environment(surrounding={})


def test_seed_and_passed_variables_are_let_in() -> None:
    made = environment(seed=7, pass_=("TOKEN", "UNSET"), surrounding={"TOKEN": "t", "OTHER": "o"})
    assert made["RELEASE_SEED"] == "7"
    assert made["TOKEN"] == "t"
    assert not {"UNSET", "OTHER"} & made.keys()
    assert "RELEASE_SEED" not in environment()


@pytest.mark.parametrize("name", ["OPENBLAS_VERBOSE", "LD_PRELOAD", "PYTHONPATH", "PATH", "omp_num_threads"])
def test_variables_that_steer_numbers_cannot_be_passed(name: str) -> None:
    with pytest.raises(EnvironmentRefused) as caught:
        environment(pass_=(name,), surrounding={name: "x"})
    assert str(caught.value) == (
        "a variable that is fixed for every command cannot be passed through\n"
        "  wanted: names of variables that neither steer numbers nor the interpreter\n"
        f"  found:  {name}\n"
        "  where:  [environment] pass"
    )


def test_profiles_are_not_shared_between_callers() -> None:
    profile_environment("v3")["OPENBLAS_NUM_THREADS"] = "8"
    assert profile_environment("v3")["OPENBLAS_NUM_THREADS"] == "1"
    assert profile_environment("none") == {}
