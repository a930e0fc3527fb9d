"""`@frozen` behaves as the dataclass that it stands for."""

from __future__ import annotations

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, replace
from typing import Any

import pytest

from release_tasks.records.frozen_record import frozen, frozen_positional


@frozen
class Ours:
    """A record."""

    name: str
    size: int = 3
    rows: list[int] = field(default_factory=list)
    note: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Theirs:
    """The same."""

    name: str
    size: int = 3
    rows: list[int] = field(default_factory=list)
    note: str = field(default="", compare=False, repr=False)


@frozen
class Hashed:
    """A record that can be a key."""

    name: str
    note: str = field(default="", compare=False)


@frozen_positional
class Row:
    """A row of three."""

    path: str
    size: int = 3
    tags: tuple[str, ...] = ()


CASES: list[dict[str, Any]] = [
    {"name": "a"},
    {"name": "a", "note": "b"},
    {"note": "b", "rows": [1], "size": 4, "name": "a"},
]


@pytest.mark.parametrize("values", CASES)
def test_values_defaults_and_copies_are_those_of_the_dataclass(values: dict[str, Any]) -> None:
    ours, theirs = Ours(**values), Theirs(**values)
    assert asdict(ours) == asdict(theirs)
    assert repr(ours) == repr(theirs).replace("Theirs", "Ours")
    assert [item.name for item in fields(ours)] == [item.name for item in fields(theirs)]
    for same in (replace(ours), copy.copy(ours), copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
        assert (same, asdict(same)) == (ours, asdict(ours))
        assert same is not ours
    assert asdict(replace(ours, size=9)) == asdict(replace(theirs, size=9))


def test_a_default_factory_makes_a_new_value_each_time() -> None:
    assert Ours(name="a").rows is not Ours(name="a").rows


def test_what_is_compared_is_hashed() -> None:
    assert Hashed(name="a", note="x") == Hashed(name="a", note="y")
    assert len({Hashed(name="a", note="x"), Hashed(name="a", note="y"), Hashed(name="b")}) == 2
    assert Hashed(name="a") != Hashed(name="b")
    assert Ours(name="a") != Theirs(name="a")
    with pytest.raises(TypeError, match="unhashable type: 'list'"):
        hash(Ours(name="a"))


def test_nothing_can_be_changed_or_added() -> None:
    ours: Any = Ours(name="a")
    with pytest.raises(FrozenInstanceError, match=r"^cannot assign to field 'name'$"):
        ours.name = "b"
    with pytest.raises(FrozenInstanceError, match=r"^cannot delete field 'name'$"):
        del ours.name
    with pytest.raises(FrozenInstanceError, match=r"^cannot assign to field 'other'$"):
        ours.other = "b"
    assert not hasattr(ours, "__dict__")
    assert ours.name == "a"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, r"Ours.__init__() missing arguments: 'name'"),
        ({"name": "a", "nmae": 1}, r"Ours.__init__() got an unexpected keyword argument 'nmae'"),
        ({"nmae": 1}, r"Ours.__init__() got an unexpected keyword argument 'nmae'"),
    ],
)
def test_wrong_arguments_are_told_as_python_does(values: dict[str, Any], said: str) -> None:
    with pytest.raises(TypeError) as caught:
        Ours(**values)
    assert str(caught.value) == said
    with pytest.raises(TypeError):
        Theirs(**values)


def test_arguments_are_keywords() -> None:
    made: Any = Ours
    with pytest.raises(TypeError):
        made("a")


def test_its_signature_is_that_of_the_dataclass() -> None:
    ours, theirs = inspect.signature(Ours), inspect.signature(Theirs)
    assert [(item.name, item.kind, item.annotation) for item in ours.parameters.values()] == [
        (item.name, item.kind, item.annotation) for item in theirs.parameters.values()
    ]
    assert str(inspect.signature(Hashed)) == "(*, name: 'str', note: 'str' = '') -> None"


def test_a_row_takes_its_values_by_position_too() -> None:
    rows = {Row("a", 3, ()), Row("a"), Row("a", size=3), Row(path="a"), Row(tags=(), path="a")}
    assert len(rows) == 1
    assert repr(Row("a", 4)) == "Row(path='a', size=4, tags=())"
    assert pickle.loads(pickle.dumps(Row("a", 4))) == replace(Row("a"), size=4) == copy.deepcopy(Row("a", 4))
    assert (
        str(inspect.signature(Row)) == "(path: 'str', size: 'int' = 3, tags: 'tuple[str, ...]' = ()) -> None"
    )
    match Row("a", 4):
        case Row(path, size):
            assert (path, size) == ("a", 4)


@pytest.mark.parametrize(
    ("arguments", "values", "said"),
    [
        (("a", 1, (), 2), {}, "Row.__init__() takes 3 arguments, got 4"),
        (("a",), {"path": "b"}, "Row.__init__() got multiple values for argument 'path'"),
        ((), {"size": 1}, "Row.__init__() missing arguments: 'path'"),
        (("a",), {"other": 1}, "Row.__init__() got an unexpected keyword argument 'other'"),
    ],
)
def test_wrong_arguments_of_a_row(arguments: tuple[Any, ...], values: dict[str, Any], said: str) -> None:
    made: Any = Row
    with pytest.raises(TypeError) as caught:
        made(*arguments, **values)
    assert str(caught.value) == said


def test_what_a_class_defines_itself_stays() -> None:
    @frozen
    class Own:
        """A record with a word of its own."""

        name: str

        def __repr__(self) -> str:
            """Its word."""
            return "own"

    assert repr(Own(name="a")) == "own"


def test_a_class_that_counts_on_post_init_is_refused() -> None:
    class Late:
        name: str

        def __post_init__(self) -> None:
            raise AssertionError("nobody calls this")

    with pytest.raises(TypeError, match=r"^Late has __post_init__: make it a plain dataclass$"):
        frozen(Late)


def test_no_function_is_compiled_for_a_class() -> None:
    """What it is for: every class has the same functions."""
    shared = {"__init__", "__eq__", "__hash__", "__repr__", "__setattr__", "__delattr__"}
    assert all(getattr(Ours, name) is getattr(Hashed, name) for name in shared)
    assert {inspect.getmodule(getattr(Ours, name)) for name in shared} == {inspect.getmodule(frozen)}
