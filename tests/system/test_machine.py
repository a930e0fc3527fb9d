from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from release_tasks.system.machine import machine_facts


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
