"""The sample `release.toml` files: parsed as they are, or with one value changed."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import release_tasks
from release_tasks.config.parse import parse_release
from release_tasks.config.schema import Release
from release_tasks.errors import ConfigErrors

CASES = Path(__file__).parents[1] / "cases"
ROOT = Path("/project")
SCHEMA = jsonschema.Draft202012Validator(
    json.loads(
        (Path(release_tasks.__file__).parent / "schemas/release.schema.json").read_text(encoding="utf-8")
    )
)


def sample(name: str) -> Any:
    """Read the mapping of one sample."""
    return tomllib.loads((CASES / name / "release.toml").read_text(encoding="utf-8"))


def parse(document: Any, **environ: Any) -> Release:
    """Parse a mapping as the file of a project."""
    return parse_release(document, root=ROOT, file=ROOT / "release.toml", environ=environ)


def problems(document: Any, **environ: Any) -> str:
    """Give the whole text of all problems that a mapping must have."""
    with pytest.raises(ConfigErrors) as caught:
        parse(document, **environ)
    return "\n".join(str(problem) for problem in caught.value.problems)


def changed(path: str, value: Any, case: str = "minimal") -> Any:
    """A sample with one value set; `...` removes it. The path has slashes, numbers are list indexes."""
    document = sample(case)
    node = document
    *parents, last = (int(part) if part.isdecimal() else part for part in path.split("/"))
    for part in parents:
        node = node.setdefault(part, {}) if isinstance(node, dict) else node[part]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    return document
