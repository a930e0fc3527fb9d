from __future__ import annotations

from typing import Any

import pytest

from release_tasks.policy.rebuild_machine import machine_of, package_differences
from release_tasks.records.rebuild import Machine, machine_from_json
from tests.fakes.json_bends import replaced, without

ENVIRONMENT: Any = {
    "numeric_id": "v3-linux",
    "packages": {"numpy": "2.4.6", "doit": "0.37.0"},
    "platform": {"cpu_count": 2, "machine_id": f"sha256:{'1' * 64}", "processor": "Zen 5", "system": "Linux"},
    "python": {"implementation": "CPython", "version": "3.11.7"},
    "steps": {},
}


def found(environment: Any = ENVIRONMENT) -> Machine:
    machine = machine_of(environment)
    assert machine is not None
    return machine


def test_the_machine_of_an_environment_is_named_by_its_digest() -> None:
    machine = found()
    assert (machine.id, machine.processor, machine.numeric_id) == (f"sha256:{'1' * 64}", "Zen 5", "v3-linux")
    assert machine_from_json(machine.to_json(), where="x") == machine


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("platform", "system"), "Darwin"),
        (("platform", "processor"), "Xeon"),
        (("python", "version"), "3.12.0"),
        (("packages", "numpy"), "2.4.7"),
        (("numeric_id",), "portable-linux"),
    ],
)
def test_what_computes_otherwise_is_another_environment(path: tuple[str, ...], value: str) -> None:
    assert found(replaced(ENVIRONMENT, path, value)).environment != found().environment


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("platform", "machine_id"), f"sha256:{'2' * 64}"),
        (("platform", "cpu_count"), 64),
        (("steps",), {"a": {}}),
    ],
)
def test_two_machines_alike_have_one_environment(path: tuple[str, ...], value: Any) -> None:
    assert found(replaced(ENVIRONMENT, path, value)).environment == found().environment


@pytest.mark.parametrize(
    "bent",
    [
        without(ENVIRONMENT, ("platform",)),
        without(ENVIRONMENT, ("platform", "machine_id")),
        without(ENVIRONMENT, ("platform", "processor")),
        replaced(ENVIRONMENT, ("platform", "machine_id"), "my laptop"),
        replaced(ENVIRONMENT, ("platform", "machine_id"), 1),
        replaced(ENVIRONMENT, ("platform", "processor"), None),
        {},
    ],
)
def test_an_environment_that_names_no_machine_has_none(bent: Any) -> None:
    """Releases of before name none; a stranger's may name anything."""
    assert machine_of(bent) is None


def test_packages_differ_by_version_or_by_being_there() -> None:
    built = {"packages": {"a": "1", "b": "1", "d": "1"}}
    now = {"packages": {"a": "1", "b": "2", "c": "1"}}
    assert package_differences(built, now) == (
        ("b", "1", "2"),
        ("c", "not installed", "1"),
        ("d", "1", "not installed"),
    )
    assert package_differences(built, built) == ()


@pytest.mark.parametrize("bent", [{}, {"packages": None}, {"packages": ["numpy"]}])
def test_a_record_without_packages_says_nothing(bent: Any) -> None:
    assert package_differences(bent, ENVIRONMENT) == package_differences(ENVIRONMENT, bent) == ()
