from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import FormatError
from release_tasks.formats.pre_push import PushedRef, parse_pre_push

A, B, ZERO = "a" * 40, "b" * 40, "0" * 40


def test_four_fields_of_each_ref() -> None:
    """C7: as githooks(5) writes them; zeros are no object."""
    text = (
        f"refs/heads/main {A} refs/heads/main {B}\n(delete) {ZERO} refs/tags/v1.0.0 {A}\n"
        f"HEAD^{{/a fix}} {A} refs/tags/v2.0.0 {ZERO}\n"
    )
    branch, deleted, new = parse_pre_push(text)
    assert branch == PushedRef(
        local_ref="refs/heads/main", local_id=A, remote_ref="refs/heads/main", remote_id=B
    )
    assert branch.tag is None
    assert (deleted.tag, deleted.local_id, deleted.remote_id) == ("v1.0.0", None, A)
    assert (new.tag, new.local_ref, new.local_id, new.remote_id) == ("v2.0.0", "HEAD^{/a fix}", A, None)
    assert parse_pre_push("") == ()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "refs/tags/v1 deadbeef",
            (
                "no line for a pre-push hook\n"
                "  wanted: <local ref> <local id> <remote ref> <remote id>, as git writes on standard input\n"
                "  found:  refs/tags/v1 deadbeef"
            ),
        ),
        (
            f"refs/tags/v1 {A} refs/tags/v1 {A[:-1]}",
            (
                "no object id in a line for a pre-push hook\n"
                "  wanted: 40 or 64 hex digits\n"
                f"  found:  refs/tags/v1 {A} refs/tags/v1 {A[:-1]}"
            ),
        ),
    ],
)
def test_other_lines_are_refused(line: str, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_pre_push(f"{line}\n")
    assert str(caught.value) == message


_ids = st.sampled_from([A, B, "c" * 64])
_refs = st.text(st.characters(codec="ascii", exclude_characters="\n "), min_size=1, max_size=20)


@given(rows=st.lists(st.tuples(_refs, _ids, _refs, _ids), max_size=4))
def test_what_git_writes_is_read(rows: list[tuple[str, str, str, str]]) -> None:
    found = parse_pre_push("".join(f"{' '.join(row)}\n" for row in rows))
    assert [(ref.local_ref, ref.local_id, ref.remote_ref, ref.remote_id) for ref in found] == rows


@given(text=st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(FormatError):
        assert all(ref.remote_ref is not None for ref in parse_pre_push(text))
