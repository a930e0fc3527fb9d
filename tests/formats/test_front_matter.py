"""Front matter that every YAML reader takes for what was meant, numbers with their source."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.formats.front_matter import dump_front_matter, dump_yaml_list, number_text
from release_tasks.records.content import Figure
from release_tasks.records.digest import sha256

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=20)
KEYS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=10)
NUMBERS = st.one_of(st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False))


def figure(value: float) -> Figure:
    return Figure(name="a", value=value, shown="", path="a.json", pointer="/a", sha256=sha256("0" * 64))


def plain(value: Any) -> Any:
    if isinstance(value, Figure):
        return value.value
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if not isinstance(item, dict | list) or item}
    return [plain(item) for item in value] if isinstance(value, list) else value


def block(text: str) -> Any:
    assert text.startswith("---\n")
    assert text.endswith("\n---\n")
    return yaml.safe_load(text[4:-5])


def test_a_number_carries_its_source_in_a_comment() -> None:
    text = dump_front_matter({"license": "apache-2.0", "rows": [{"value": figure(0.5), "name": "no"}]})
    assert text == (
        "---\n"
        "license: apache-2.0\n"
        "rows:\n"
        "- value: 0.5  # a.json#/a sha256:0000000000000000\n"
        '  name: "no"\n'
        "---\n"
    )


def test_a_list_is_a_document_of_its_own() -> None:
    assert dump_yaml_list([{"id": "a/b"}, "x"]) == "- id: a/b\n- x\n"


def test_a_list_of_numbers_is_a_bug() -> None:
    with pytest.raises(TypeError, match="front matter lists hold texts and mappings"):
        dump_yaml_list([figure(1)])


@given(NUMBERS)
def test_yaml_reads_every_number_back(value: float) -> None:
    found = yaml.safe_load(number_text(value))
    assert type(found) is type(value)
    assert found == value


@given(
    st.dictionaries(
        KEYS,
        st.one_of(TEXTS, NUMBERS.map(figure), st.lists(TEXTS, min_size=1), st.dictionaries(KEYS, TEXTS, min_size=1)),
        min_size=1,
    )
)  # fmt: skip
def test_yaml_reads_everything_back(value: dict[str, Any]) -> None:
    assert block(dump_front_matter(value)) == plain(value)
