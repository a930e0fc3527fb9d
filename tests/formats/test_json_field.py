from __future__ import annotations

from collections.abc import Callable

import pytest

from release_tasks.errors import FormatError
from release_tasks.formats.json_field import Field, read_fields

TOP = read_fields(
    b'{"a":{"b c":[1,"x"],"null":null},"big":1e308,"flag":true,"empty":"","n":' + b"9" * 400 + b"}",
    where="f.json",
)


def refused(read: Callable[[], object]) -> str:
    with pytest.raises(FormatError) as caught:
        read()
    return str(caught.value)


def test_values_know_their_dotted_path() -> None:
    inner = TOP["a"]["b c"].items()
    assert [field.path for field in inner] == ['a["b c"][0]', 'a["b c"][1]']
    assert (inner[0].number(), inner[1].text(), TOP["flag"].flag()) == (1.0, "x", True)
    assert [key for key, _ in TOP["a"].members()] == ["b c", "null"]
    assert TOP["a"].get("null") is None
    assert TOP["a"].get("gone") is None


@pytest.mark.parametrize(
    ("read", "wanted", "found", "path"),
    [
        (lambda: TOP["gone"], "this key", "nothing", ": gone"),
        (lambda: TOP["a"]["b c"]["x"], "an object", "a list of 2", ': a["b c"]'),
        (TOP["a"].items, "a list", "an object with 2 keys", ": a"),
        (TOP["empty"].text, "text", '""', ": empty"),
        (TOP["big"].text, "text", "1e+308", ": big"),
        (TOP["empty"].flag, "true or false", '""', ": empty"),
        (TOP["flag"].number, "a finite number", "true", ": flag"),
        (TOP["n"].number, "a finite number", "9" * 100, ": n"),
        (lambda: TOP["big"].number(least=1.5e308), "a finite number, at least 1.5e+308", "1e+308", ": big"),
        (TOP.text, "text", "an object with 5 keys", ""),
    ],
)
def test_a_wrong_value_is_refused_with_its_path(
    read: Callable[[], object], wanted: str, found: str, path: str
) -> None:
    assert refused(read) == (
        f"value not as its format has it\n  wanted: {wanted}\n  found:  {found}\n  where:  f.json{path}"
    )


def test_plain_texts_of_equal_values_are_equal() -> None:
    assert Field({"b": 1, "a": "ü"}, "", "").plain() == Field({"a": "ü", "b": 1}, "", "").plain()
    assert Field("x", "", "").plain() == "x"


def test_python_floats_are_read_only_when_asked_for() -> None:
    assert read_fields(b"[NaN]", where="f", python_floats=True).items()[0].value != 0
    assert "not a JSON number" in refused(lambda: read_fields(b"[NaN]", where="f"))
    with pytest.raises(FormatError, match="value not as its format has it"):
        read_fields(b"[-Infinity]", where="f", python_floats=True).items()[0].number()
