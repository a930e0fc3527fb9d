"""The machine behind an environment.json, and how what is installed differs between two of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from release_tasks.formats.canonical_json import dump_canonical
from release_tasks.records.claimed_text import is_machine_id
from release_tasks.records.json_value import JSONObject
from release_tasks.records.rebuild import Machine

_ABSENT = "not installed"


def machine_of(environment: JSONObject) -> Machine | None:
    """The machine that an environment.json speaks of; None for one that does not name it."""
    numeric_id, platform = environment.get("numeric_id"), environment.get("platform")
    if not isinstance(platform, dict):
        return None
    machine_id, processor = platform.get("machine_id"), platform.get("processor")
    if not isinstance(machine_id, str) or not is_machine_id(machine_id) or not isinstance(processor, str):
        return None
    own = ("machine_id", "cpu_count")  # of the machine, not of what it computes with
    facts: JSONObject = {
        "platform": {key: value for key, value in platform.items() if key not in own},
        "python": environment.get("python"),
        "packages": environment.get("packages"),
        "numeric_id": numeric_id,
    }
    return Machine(
        id=machine_id,
        environment=hashlib.sha256(dump_canonical(facts)).hexdigest(),
        numeric_id=str(numeric_id),
        processor=processor,
    )


def package_differences(built: JSONObject, now: JSONObject) -> tuple[tuple[str, str, str], ...]:
    """Name, version of the first build and version of now of each package that differs between two records.

    release_tasks itself is left out: a report names both versions of it.
    """
    then, here = built.get("packages"), now.get("packages")
    if not isinstance(then, dict) or not isinstance(here, dict):
        return ()
    names = sorted({**then, **here}.keys() - {"release_tasks"})
    pairs = ((name, str(then.get(name, _ABSENT)), str(here.get(name, _ABSENT))) for name in names)
    return tuple((name, first, second) for name, first, second in pairs if first != second)


def machine_differences(built: Machine | None, now: Machine) -> Iterator[str]:
    """In words, how the machine of a rebuild differs from that of the first build."""
    if built is None:
        yield "the first build does not name its machine"
        return
    for what, then, here in (
        ("processor", built.processor, now.processor),
        ("numeric id", built.numeric_id, now.numeric_id),
    ):
        if then != here:
            yield f"another {what} ({here}, built with {then})"
    if built.id != now.id and built.processor == now.processor:
        yield "another machine of the same processor"
