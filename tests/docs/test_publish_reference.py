"""docs/reference/publish.md says what the code does."""

import dataclasses
import json
from pathlib import Path

from release_tasks.config.schema import Destination
from release_tasks.registries.all_registries import REGISTRIES
from release_tasks.registries.github_http import _TOKENS, API_URL

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/reference/publish.md").read_text("utf-8")


def test_every_key_with_its_default() -> None:
    for field in dataclasses.fields(Destination):
        if field.name == "name":
            continue
        default = "none" if field.default is dataclasses.MISSING else f"`{json.dumps(field.default)}`"
        assert f"| `{field.name}` | {default} |" in TEXT


def test_every_scheme_has_a_row() -> None:
    for scheme in REGISTRIES:
        assert f"| `{scheme}:` |" in TEXT


def test_every_key_of_a_receipt_is_named() -> None:
    schema = json.loads((ROOT / "release_tasks/schemas/receipt.schema.json").read_text("utf-8"))
    section = TEXT.partition("## The receipt")[2].partition("## Rollback")[0]
    assert [name for name in schema["properties"] if f"`{name}`" not in section] == ["schema_version"]


def test_environment_is_named() -> None:
    assert all(f"`{name}`" in TEXT for name in (*_TOKENS, "GITHUB_API_URL", "CI"))
    assert API_URL in TEXT
