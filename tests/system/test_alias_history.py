from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import FormatError
from release_tasks.records.receipt import AliasMove
from release_tasks.system.alias_history import append_move, read_moves

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
MOVES = st.builds(AliasMove, alias=TEXTS, before=st.none() | TEXTS, version=TEXTS)


@given(moves=st.lists(MOVES, max_size=4))
def test_what_is_appended_is_read_in_order(
    tmp_path_factory: pytest.TempPathFactory, moves: list[AliasMove]
) -> None:
    file = tmp_path_factory.mktemp("history") / "moves.jsonl"
    for move in moves:
        append_move(file, move, by="publish", at="2026-11-21T20:00:00Z")
    assert read_moves(file) == tuple(moves)


def test_damaged_record(tmp_path: Path) -> None:
    file = tmp_path / "moves.jsonl"
    append_move(file, AliasMove(alias="a", before=None, version="1"), by="x", at="y")
    file.write_bytes(file.read_bytes() + b'{"alias":"a"}\n')
    with pytest.raises(FormatError) as caught:
        read_moves(file)
    assert str(caught.value) == (
        "not a record of moves that release_tasks writes\n  wanted: alias, from, to, by and at in each line\n"
        f"  where:  {file}:2"
    )
