from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.formats.markdown import code_span, markdown_table, plain_table, printable, shortened


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("model.layers_0.weight", "`model.layers_0.weight`"),
        ("a|b", r"`a\x7cb`"),
        ("a`b", r"`a\x60b`"),
        ("\x1b[31mred\n", r"`\x1b[31mred\n`"),
        ("\u202eevil", r"`\u202eevil`"),
        ("", "`''`"),
        (" ", "`' '`"),
        ("x" * 99, f"`{'x' * 80}…`"),
    ],
)
def test_a_foreign_name_is_inline_code(name: str, shown: str) -> None:
    assert code_span(name) == shown


@given(st.text())
def test_no_name_leaves_its_cell_or_moves_the_cursor(name: str) -> None:
    shown = code_span(name)
    assert shown.isprintable()
    assert "`" not in shown[1:-1]
    assert "|" not in shown
    assert len(shown) <= 4 * 81 + 2
    assert printable(name).isprintable()
    assert len(shortened(name, widest=5)) <= 6


def test_tables() -> None:
    rows = [("`a`", "1"), ("`bb`", "22")]
    assert markdown_table(("name", "n"), rows) == [
        "| name | n |",
        "|---|---|",
        "| `a` | 1 |",
        "| `bb` | 22 |",
    ]
    assert plain_table(("name", "n"), [("a", "1")], indent="  ") == ["  name  n", "  a     1"]
