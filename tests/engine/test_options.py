from __future__ import annotations

import pytest
from doit.cmdparse import CmdOption, CmdParse

from release_tasks.engine.options import flag, option, switch

PARSER = CmdParse(
    [CmdOption(item) for item in (option("policy", "p"), flag("soft", "s"), switch("strict", "t"))]
)


@pytest.mark.parametrize(
    ("typed", "strict"),
    [
        ((), None),
        (("--strict",), True),
        (("--no-strict",), False),
        (("--strict", "--no-strict"), False),
        (("--no-strict", "--strict"), True),
    ],
)
def test_a_switch_says_yes_no_or_nothing_and_the_last_one_counts(
    typed: tuple[str, ...], *, strict: bool | None
) -> None:
    """P5: override either way."""
    params, rest = PARSER.parse(list(typed))
    assert (params["strict"], rest) == (strict, [])


def test_an_option_has_a_value_and_a_flag_none() -> None:
    params, rest = PARSER.parse(["--policy", "p.yml", "--soft", "task"])
    assert (params["policy"], params["soft"], rest) == ("p.yml", True, ["task"])
    defaults, _ = PARSER.parse([])
    assert (defaults["policy"], defaults["soft"]) == (None, False)
