"""How files differ, as Markdown: whole, bounded with exact counts, and closed against hostile names."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from release_tasks.policy.difference_text import difference_text
from release_tasks.records.difference import (
    FileDifference,
    TensorDifference,
    TextDifference,
    ValueDifference,
    ValueDifferences,
)

_FENCE = re.compile(r" {0,3}(`{3,})([^`]*)$")


def file(name: str = "a", **fields: object) -> FileDifference:
    return FileDifference(name=name, size=(8, 9), **{"format": "text", "relation": "different"} | fields)  # type: ignore[arg-type]


def values(count: int, shown: int) -> ValueDifferences:
    return ValueDifferences(
        count=count,
        shown=tuple(ValueDifference(key=f"k{index}", before="1", after=None) for index in range(shown)),
    )


def tensor(name: str) -> TensorDifference:
    return TensorDifference(
        name=name,
        kind="changed",
        dtype_before="F32",
        dtype_after="F32",
        shape_before=(4,),
        shape_after=(4,),
        elements=4,
        differing=1,
        max_abs=0.5,
        max_ulp=3,
        first_index=(2,),
    )


def test_nothing_differs() -> None:
    assert difference_text({}) == ""


def test_every_kind_of_difference_in_the_order_of_the_paths() -> None:
    found = {
        "z.txt": file(text=TextDifference(removed=1, added=1, lines=("-old", "+new")), offset=0),
        "m.safetensors": file(
            format="safetensors", relation="tensors-equal", header=values(1, 1), note="shards are ignored"
        ),
        "model.safetensors": file(format="safetensors", tensors=(tensor("w"),), offset=80),
        "b.json": file(format="json", values=values(41, 41)),
    }
    text = difference_text(found)
    rows = [f"- `k{index}`: `1` became `absent`" for index in range(40)]
    assert text.split("\n") == [
        "### `b.json`",
        "",
        "json, 8 bytes released and 9 bytes rebuilt.",
        "",
        "values: 41 differ",
        "",
        *rows,
        "- and 1 more",
        "",
        "### `m.safetensors`",
        "",
        "safetensors, 8 bytes released and 9 bytes rebuilt.",
        "Only the header differs: every tensor has the same bytes.",
        "",
        "header: 1 differ",
        "",
        "- `k0`: `1` became `absent`",
        "",
        "`shards are ignored`",
        "",
        "### `model.safetensors`",
        "",
        "safetensors, 8 bytes released and 9 bytes rebuilt, from byte 80 on.",
        "",
        "| tensor | change | dtype | shape | differing | max abs | max ULP | first at |",
        "|---|---|---|---|---|---|---|---|",
        "| `w` | changed | F32 | 4 | 1 of 4 | 0.5 | 3 | [2] |",
        "",
        "### `z.txt`",
        "",
        "text, 8 bytes released and 9 bytes rebuilt, from byte 0 on.",
        "",
        "```diff",
        " -old",
        " +new",
        "```",
        "",
    ]


def test_the_counts_are_those_of_all_not_of_what_is_shown() -> None:
    text = difference_text({"a": file(format="json", values=values(5000, 100))})
    assert "values: 5000 differ" in text
    assert "- and 4960 more" in text
    many = difference_text({"a": file(format="gguf", tensors=tuple(tensor(f"t{n}") for n in range(90)))})
    assert "and 50 more of 90; --json has all" in many
    assert len(many.splitlines()) < 60


HOSTILE = st.text(max_size=40) | st.sampled_from(
    ("```", "~~~", "`|`", "# head", "<script>", "a\n```\nb", "\u202e", "\x1b[2J", "````````", "[x](y)", "")
)


@given(
    st.dictionaries(
        HOSTILE,
        st.builds(
            lambda lines, key, note: file(
                text=TextDifference(removed=1, added=1, lines=tuple(lines)),
                values=ValueDifferences(count=1, shown=(ValueDifference(key=key, before=key, after=None),)),
                tensors=(tensor(key),),
                note=note,
            ),
            st.lists(HOSTILE, max_size=5),
            HOSTILE,
            st.none() | HOSTILE,
        ),
        max_size=3,
    )
)
def test_no_name_or_line_breaks_out(found: dict[str, FileDifference]) -> None:
    """Blocks of code are closed by their own fence alone, and outside of code nothing foreign stands."""
    text = difference_text(found)
    assert text.isprintable() or set(text) - {"\n"} <= {char for char in text if char.isprintable()}
    fence, headings = None, 0
    for line in text.split("\n"):
        match = _FENCE.match(line)
        if match and fence is None:
            fence = match[1]
        elif match and fence is not None and len(match[1]) >= len(fence) and not match[2].strip():
            fence = None
        elif fence is None:
            headings += line.startswith("### `")
            outside = re.sub(r"`[^`]*`", "", line)
            assert "<" not in outside
            assert "[x]" not in outside
    assert fence is None
    assert headings == len(found)
