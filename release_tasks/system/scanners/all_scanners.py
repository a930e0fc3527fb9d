"""The scanners that this machine has, by name; a scanner is imported when a step scans, never to plan."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path

from release_tasks.system.scanners.gitleaks_program import find_gitleaks
from release_tasks.system.scanners.gitleaks_scanner import GitleaksScanner
from release_tasks.system.scanners.protocol import Scanner

_DETECT_SECRETS = "release_tasks.system.scanners.detect_secrets_scanner:make"


def scanners(scratch: Path) -> tuple[Scanner, ...]:
    """Every scanner that is installed, detect-secrets first; `scratch` is a folder for copies of texts."""
    found: list[Scanner] = []
    if importlib.util.find_spec("detect_secrets") is not None:
        module, _, make = _DETECT_SECRETS.partition(":")
        found.append(getattr(importlib.import_module(module), make)())
    program = find_gitleaks()
    if program is not None:
        found.append(GitleaksScanner(program, scratch))
    return tuple(found)
