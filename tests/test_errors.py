from __future__ import annotations

import copy
import pickle

import pytest

from release_tasks import errors
from release_tasks.errors import ConfigError, ConfigErrors, ReleaseError


def _family(cls: type[ReleaseError]) -> list[type[ReleaseError]]:
    return [cls, *(one for below in cls.__subclasses__() for one in _family(below))]


FAMILY = [cls for cls in _family(ReleaseError) if cls.__module__ == errors.__name__]
PLAIN = [cls for cls in FAMILY if cls is not ConfigErrors]


@pytest.mark.parametrize("cls", PLAIN)
def test_an_error_crosses_a_process_border_whole(cls: type[ReleaseError]) -> None:
    """Under `-n 2` the default reduce would lose every keyword field."""
    error = cls("what", wanted="w", found="f\ng", where="x", hint="h")
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(twin) is cls
        assert vars(twin) == vars(error)
        assert (str(twin), twin.args, twin.exit_code, twin.code) == (
            str(error),
            ("what",),
            cls.exit_code,
            cls.code,
        )


def test_many_problems_cross_it_too() -> None:
    error = ConfigErrors((ConfigError("one", where="a"), ConfigError("two", hint="b")))
    twin = pickle.loads(pickle.dumps(error))
    assert type(twin) is ConfigErrors
    assert str(twin) == str(error) == "2 problems in the configuration:\none\n  where: a\ntwo\n  hint: b"
    assert [problem.where for problem in twin.problems] == ["a", None]
    assert str(ConfigErrors((ConfigError("one"),))) == "1 problem in the configuration:\none"


def test_every_field_has_a_line_and_long_ones_are_indented() -> None:
    error = ReleaseError("what", wanted="w", found="f\ng", where="x", hint="h\nand more")
    assert str(error) == (
        "what\n  wanted: w\n  found:  f\n          g\n  where:  x\n  hint:   h\n          and more"
    )


def test_a_field_that_is_not_there_has_no_line() -> None:
    assert str(ReleaseError("what")) == "what"
    assert str(ReleaseError("what", hint="h")) == "what\n  hint: h"
    assert str(ReleaseError("what", found="")) == "what"


@pytest.mark.parametrize("cls", FAMILY)
def test_exit_codes_are_the_four_of_doit(cls: type[ReleaseError]) -> None:
    """1 a gate or check refused, 2 something broke, 3 bad configuration (design §8)."""
    assert cls.exit_code in {1, 2, 3}
    assert (cls.exit_code == 3) == issubclass(cls, ConfigError)
    assert cls.code.isupper()


def test_named_codes_tell_the_families_apart() -> None:
    codes = [cls.code for cls in FAMILY if cls is not ConfigErrors]
    assert len(set(codes)) == len(codes)
