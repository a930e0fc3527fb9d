"""Which machine this is: what timings depend on, and a name for it that does not tell its identity."""

from __future__ import annotations

import functools
import hashlib
import hmac
import os
import platform
import uuid
from pathlib import Path


@functools.cache
def machine_facts() -> tuple[tuple[str, str], ...]:
    """Facts of this machine that must be alike for two timings to be compared, sorted by name."""
    return (
        ("cpu", processor()),
        ("cpu_count", str(os.cpu_count())),
        ("system", f"{platform.system()} {platform.machine()}"),
    )


@functools.cache
def machine_id() -> str:
    """A digest, sha256:<64 hex>, that is the same in every run on this machine and tells nothing else of it.

    As sd_id128_get_machine_app_specific(3): HMAC-SHA256 keyed by the machine's own secret id. Where there is
    no /etc/machine-id, the hardware address stands for it (uuid.getnode), and the host's name is added.
    """
    return f"sha256:{hmac.new(_secret_id(), b'release_tasks/machine/1', hashlib.sha256).hexdigest()}"


def _secret_id() -> bytes:
    for name in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        try:
            text = Path(name).read_bytes().strip()
        except OSError:
            continue
        if text and text != b"uninitialized":
            return text
    return f"{uuid.getnode():012x} {platform.node()}".encode("utf-8", "surrogateescape")


@functools.cache
def processor() -> str:
    """The processor's name as Linux has it, elsewhere what Python knows of it."""
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:
        text = ""
    names = (line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine() or "unknown"
