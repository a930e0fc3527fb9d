from __future__ import annotations

import os
import platform
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from release_tasks.records.claimed_text import is_machine_id
from release_tasks.system.machine import machine_facts, machine_id


def test_facts_are_sorted_texts_that_stay_the_same() -> None:
    facts = machine_facts()
    assert [name for name, _ in facts] == ["cpu", "cpu_count", "system"]
    assert all(value for _, value in facts)
    assert dict(facts)["cpu_count"] == str(os.cpu_count())
    assert machine_facts() == facts


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc/cpuinfo")
def test_the_processor_is_what_linux_calls_it() -> None:
    text = Path("/proc/cpuinfo").read_text("utf-8", "replace")
    if "model name" in text:
        assert f": {dict(machine_facts())['cpu']}\n" in text


def test_the_id_of_a_machine_is_the_same_in_every_process_and_is_not_the_secret_one() -> None:
    assert is_machine_id(machine_id())
    code = "from release_tasks.system.machine import machine_id; print(machine_id())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{machine_id()}\n"
    for name in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        if Path(name).is_file():
            assert Path(name).read_text("ascii").strip() not in {"", machine_id().removeprefix("sha256:")}


def test_the_id_is_that_of_the_hardware_where_the_system_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(_path: Path) -> bytes:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_bytes", nothing)
    monkeypatch.setattr(uuid, "getnode", lambda: 0x0242AC110002)
    monkeypatch.setattr(platform, "node", lambda: "box")
    first = machine_id.__wrapped__()
    assert is_machine_id(first)
    assert machine_id.__wrapped__() == first
    monkeypatch.setattr(platform, "node", lambda: "other")
    assert machine_id.__wrapped__() != first


def test_an_image_that_was_never_started_has_no_id_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """machine-id(5): systemd writes the word into images; all of them would be one machine."""
    monkeypatch.setattr(uuid, "getnode", lambda: 1)
    monkeypatch.setattr(Path, "read_bytes", lambda _path: b"uninitialized\n")
    first = machine_id.__wrapped__()
    monkeypatch.setattr(Path, "read_bytes", lambda _path: b"")
    assert machine_id.__wrapped__() == first
    monkeypatch.setattr(Path, "read_bytes", lambda _path: b"0" * 32)
    assert machine_id.__wrapped__() != first
