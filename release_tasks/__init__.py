"""Model releases as builds: packaged, verified and rebuilt from scratch to the same bytes, on top of doit."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from release_tasks.engine.project import Project
    from release_tasks.records.gate_code import Category, GateCode
    from release_tasks.verbs.decide import ReleaseDecision, decide_release
    from release_tasks.verbs.load import VerifiedRelease, load

__version__ = "0.1.0"
__all__ = [
    "Category",
    "GateCode",
    "Project",
    "ReleaseDecision",
    "VerifiedRelease",
    "__version__",
    "decide_release",
    "load",
]

# Imported at first use: a dodo.py needs no numpy, and a program that loads a model needs no doit.
_LAZY = {
    "Category": "release_tasks.records.gate_code",
    "GateCode": "release_tasks.records.gate_code",
    "Project": "release_tasks.engine.project",
    "ReleaseDecision": "release_tasks.verbs.decide",
    "VerifiedRelease": "release_tasks.verbs.load",
    "decide_release": "release_tasks.verbs.decide",
    "load": "release_tasks.verbs.load",
}


def __getattr__(name: str) -> object:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
