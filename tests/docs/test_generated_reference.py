"""The generated reference names all that there is: every key, command, option, gate, code, error and variable."""

from __future__ import annotations

import ast
import importlib
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from release_tasks import errors
from release_tasks.policy.gates import GATES
from release_tasks.policy.profiles import PROFILES
from release_tasks.policy.thresholds import THRESHOLDS
from release_tasks.records.code_table import CODES
from release_tasks.system.environment import child_environment, profile_environment
from release_tasks.system.surroundings import ORDINARY
from release_tasks.verbs.registration import COMMANDS

ROOT = Path(__file__).parents[2]
EXTENSIONS = ROOT / "docs/extensions"


@pytest.fixture(scope="module")
def pages() -> Any:
    """The extension as Sphinx imports it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(EXTENSIONS))
        yield importlib.import_module("generated_pages")
    for path in EXTENSIONS.glob("*.py"):
        sys.modules.pop(path.stem, None)


def first_cells(text: str) -> list[str]:
    return [line.split("`")[1] for line in text.splitlines() if line.startswith("| `")]


def test_every_page_names_what_is_generated_and_all_of_it_is_used(pages: Any) -> None:
    marks = [
        name
        for path in (ROOT / "docs").rglob("*.md")
        for name in re.findall(r"^<!-- generated: ([a-z-]+) -->$", path.read_text("utf-8"), re.MULTILINE)
    ]
    assert sorted(marks) == sorted(pages.GENERATED)


def test_an_unknown_name_is_an_error(pages: Any) -> None:
    with pytest.raises(KeyError, match="nothing"):
        pages.fill_in("<!-- generated: nothing -->\n")


def test_files_get_captions(pages: Any) -> None:
    assert pages.fill_in('```toml append="release.toml"\n[x]\n```\n') == (
        '```{code-block} toml\n:caption: "at the end of release.toml"\n\n[x]\n```\n'
    )
    assert pages.fill_in('```text title="data/a.txt"\n') == '```{code-block} text\n:caption: "data/a.txt"\n\n'


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("gates", [gate.name for gate in GATES]),
        ("codes", [str(code) for code in CODES]),
        ("thresholds", list(THRESHOLDS)),
        ("profiles", list(PROFILES)),
        (
            "errors",
            {
                kind.code: None
                for kind in vars(errors).values()
                if isinstance(kind, type) and issubclass(kind, errors.ReleaseError)
            },
        ),
    ],
)
def test_tables_are_whole(name: str, wanted: list[str], pages: Any) -> None:
    assert first_cells(pages.GENERATED[name]()) == list(wanted)


def test_every_command_has_a_section_with_every_option_of_its_own(pages: Any) -> None:
    text = pages.GENERATED["commands"]()
    sections = dict(re.findall(r"^## `doit ([a-z-]+)`\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    assert sorted(sections) == sorted(COMMANDS)
    for name, place in COMMANDS.items():
        module, _, attribute = place.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        for option in command.cmd_options:
            assert f"--{option['long']}" in text
            if option.get("long") in {"json", "explain", "full"}:
                assert f"`--{option['long']}`" in sections[name]


def test_every_table_of_release_toml_has_its_section_and_every_key_its_row(pages: Any) -> None:
    text = pages.GENERATED["release-toml"]()
    schema = pages.load_schema("release")
    heads = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert len(heads) == len(schema["properties"])
    assert {"`[release]`", "`[[step]]`", "`[bench.<name>]`"} <= set(heads)
    for name, definition in schema["$defs"].items():
        if definition.get("additionalProperties") is not False:  # a condition, not a table
            continue
        for key in definition["properties"]:
            assert re.search(rf"^\| `(.*\.)?{re.escape(key)}` \|", text, re.MULTILINE), f"{name}.{key}"


def test_every_record_has_its_section(pages: Any) -> None:
    text = pages.GENERATED["records"]()
    names = set(re.findall(r"^Schema: `release_tasks/(schemas/[a-z-]+\.schema\.json)`", text, re.MULTILINE))
    there = {f"schemas/{path.name}" for path in (ROOT / "release_tasks/schemas").glob("*.json")}
    assert there - names == {"schemas/release.schema.json", "schemas/policy.schema.json"}


@pytest.mark.parametrize("name", ["release-toml", "policy", "records", "commands", "gates", "codes"])
def test_every_row_has_the_cells_of_its_head(name: str, pages: Any) -> None:
    rows = [line for line in pages.GENERATED[name]().splitlines() if line.startswith("|")]
    width = 0
    for before, row in zip(["", *rows], rows, strict=False):
        cells = len(re.findall(r"(?<!\\)\|", row))
        width = cells if not before or row.startswith(("| key", "| option", "| gate", "| code")) else width
        assert cells == width, row


def test_schemas_that_name_themselves_and_choices_come_to_an_end() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(EXTENSIONS))
        schema_text = importlib.import_module("schema_text")
        node = {
            "type": "object",
            "properties": {"next": {"$ref": "#/$defs/node"}, "n": {"type": "integer", "minimum": 0}},
        }
        schema = {
            "$defs": {"node": node},
            "properties": {"top": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}},
        }
        assert schema_text.table_text(schema, schema) == (
            "| key | type | default | says |\n|---|---|---|---|\n"
            "| `top` | object or `null` | — |  |\n"
            "| `top.next` | object | — |  |\n"
            "| `top.n` | integer ≥ 0 | — |  |\n"
        )


_NOT_FOR_USERS = {
    "DONT_FAKE_MONOTONIC",
    "KMP_DUPLICATE_LIB_OK",
    "MPLCONFIGDIR",
    "PATH",
    "PROCESSOR_ARCHITECTURE",
    "RELEASE_NUMERIC_PROFILE",
    "RELEASE_NUMERIC_REPORT",
    "RELEASE_SEED",
    "RELEASE_TRACE_OPENS",
    "SYSTEMROOT",
}


def _names_of_variables() -> set[str]:
    """The upper-case texts that stand as a key or an argument where `environ` is looked into."""
    found = set()
    for path in (ROOT / "release_tasks").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "get"
            ):
                target, keys = node.func.value, node.args[:1]
            elif isinstance(node, ast.Subscript):
                target, keys = node.value, [node.slice]
            elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
                target, keys = node.comparators[0], [node.left]
            else:
                continue
            if "environ" in ast.unparse(target):
                found |= {key.value for key in keys if isinstance(key, ast.Constant)}
    return {name for name in found if isinstance(name, str) and name.isupper()}


def test_the_variables_are_those_that_the_code_reads(pages: Any) -> None:
    """What a probe inside a step reads, the system sets for everybody, or is only put aside, is not for users."""
    table = importlib.import_module("environment_table")
    read = _names_of_variables() - _NOT_FOR_USERS
    assert read <= set(table.READ), (
        f"docs/extensions/environment_table.py lacks {sorted(read - set(table.READ))}"
    )
    code = "".join(path.read_text("utf-8") for path in (ROOT / "release_tasks").rglob("*.py"))
    assert [name for name in table.READ if f'"{name.removesuffix("<NAME>")}"' not in code] == []


def test_the_variables_of_a_step_are_those_that_it_gets(pages: Any) -> None:
    table = importlib.import_module("environment_table")
    given = child_environment(
        profile="none",
        pass_=(),
        seed=7,
        home="/home",
        temporary="/tmp",
        folder="/work",
        probe="/probe",
        report="/report",
        surrounding={},
        surroundings=ORDINARY,
    )
    assert set(table.SEEN_BY_STEPS) == set(given) - set(profile_environment("none"))
    stated = {name: said for name, said in table.SEEN_BY_STEPS.items() if said.startswith("`")}
    assert {name: f"`{given[name]}`" for name in stated} == {
        name: said.partition(" ")[0].rstrip(",") for name, said in stated.items()
    }
