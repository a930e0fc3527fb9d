from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.formats.conventional_commit import CommitMessage, parse_commit_message

WORD = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,8}", fullmatch=True)
LINE = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20)


def said(message: str) -> tuple[str | None, str | None, str, str | None]:
    found = parse_commit_message(message)
    return found.type, found.scope, found.description, found.breaking_text


# The examples of the specification, and what people write.
@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        (
            "feat: allow objects to extend other configs\n\nBREAKING CHANGE: `extends` is now used for other files",
            ("feat", None, "allow objects to extend other configs", "`extends` is now used for other files"),
        ),
        ("feat!: send an email", ("feat", None, "send an email", "send an email")),
        ("feat(api)!: send an email", ("feat", "api", "send an email", "send an email")),
        ("docs: correct spelling of CHANGELOG", ("docs", None, "correct spelling of CHANGELOG", None)),
        ("feat(lang): add Polish language", ("feat", "lang", "add Polish language", None)),
        ("Fix(Data Loader): x\r\n\r\nbody\r\n", ("fix", "Data Loader", "x", None)),
        (
            "fix: prevent racing of requests\n\nIntroduce a request id.\n\nReviewed-by: Z\nRefs: #123",
            ("fix", None, "prevent racing of requests", None),
        ),
        (
            "chore!: drop support\n\nBREAKING-CHANGE: first line\n  goes on\n\nand on\nCloses #12",
            ("chore", None, "drop support", "first line goes on and on"),
        ),
        ("fix: a\n\nbreaking change: lower case is text", ("fix", None, "a", None)),
        ("fix: a\nBREAKING CHANGE: no empty line before", ("fix", None, "a", None)),
        ("just words", (None, None, "just words", None)),
        ("just words\n\nBREAKING CHANGE: but it breaks", (None, None, "just words", "but it breaks")),
        ("fix:no space", (None, None, "fix:no space", None)),
        ("fix : space", (None, None, "fix : space", None)),
        ("fix(): no scope", (None, None, "fix(): no scope", None)),
        ("fix: ", (None, None, "fix:", None)),
        ("", (None, None, "", None)),
        ("Merge branch 'main'", (None, None, "Merge branch 'main'", None)),
    ],
)  # fmt: skip
def test_messages(message: str, wanted: object) -> None:
    assert said(message) == wanted


@pytest.mark.parametrize(
    ("message", "description", "reverts"),
    [
        ('Revert "feat: a b"\n\nThis reverts commit ' + "a" * 40 + ".", "feat: a b", ("a" * 40,)),
        ('Reapply "feat: a b"\n\nThis reverts commit ' + "b" * 40 + ".", "feat: a b", ("b" * 40,)),
        ("revert: let us never speak again\n\nRefs: 676104e, a215868", "let us never speak again", ("676104e", "a215868")),
    ],
)  # fmt: skip
def test_reverts(message: str, description: str, reverts: tuple[str, ...]) -> None:
    found = parse_commit_message(message)
    assert (found.type, found.description, found.reverts) == ("revert", description, reverts)


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    found = parse_commit_message(text)
    assert isinstance(found, CommitMessage)
    assert "\n" not in (found.breaking_text or "")


@given(kind=WORD, scope=st.none() | WORD, mark=st.booleans(), what=LINE, breaking=st.none() | LINE)
def test_what_was_put_in_comes_out(
    kind: str, scope: str | None, what: str, breaking: str | None, *, mark: bool
) -> None:
    header = f"{kind}{f'({scope})' if scope else ''}{'!' if mark else ''}: {what}"
    footer = "" if breaking is None else f"\n\nBREAKING CHANGE: {breaking}"
    wanted = (kind.lower(), scope, what, breaking or (what if mark else None))
    assert said(header + footer) == wanted
