from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from release_tasks.policy.lock_check import Difference, compare_digests, compare_inputs
from release_tasks.records.digest import Digest, sha256
from release_tasks.records.lock import Inputs

ONE, TWO = sha256("1" * 64), sha256("2" * 64)
SIDES = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from([ONE, TWO]), max_size=5)


@given(SIDES, SIDES)
def test_a_difference_is_every_name_on_which_the_sides_differ(
    frozen: dict[str, Digest], now: dict[str, Digest]
) -> None:
    found = compare_digests(tuple(frozen.items()), tuple(now.items()))
    names = [item.name for item in found]
    assert names == sorted(name for name in frozen | now if frozen.get(name) != now.get(name))
    for item in found:
        assert item.frozen == (str(frozen[item.name]) if item.name in frozen else None)
        assert item.now == (str(now[item.name]) if item.name in now else None)


def test_files_globs_and_recipes_are_all_compared() -> None:
    frozen = Inputs(files=(("a", ONE),), trees=(("d/*", ONE),), steps=(("train", ONE),))
    now = Inputs(files=(("a", TWO),), trees=(), steps=(("train", TWO),))
    one, two = str(ONE), str(TWO)
    assert compare_inputs(frozen, now) == (
        Difference("a", one, two),
        Difference("d/*", one, None),
        Difference("step train", one, two),
    )
    assert compare_inputs(frozen, frozen) == ()
    assert Difference("a", one, None).to_json() == {"name": "a", "frozen": one, "now": None}
