"""Messages of commits by Conventional Commits 1.0.0 (https://www.conventionalcommits.org/en/v1.0.0/)."""

from __future__ import annotations

import re

from release_tasks.records.frozen_record import frozen

_HEADER = re.compile(
    r"(?P<type>[A-Za-z][A-Za-z0-9_-]*)(?:\((?P<scope>[^()\s](?:[^()]*[^()\s])?)\))?"
    r"(?P<mark>!)?: +(?P<what>\S.*)"
)
_FOOTER = re.compile(r"(?P<token>BREAKING CHANGE|[A-Za-z][A-Za-z0-9-]*)(?:: +| #)(?P<value>\S.*)")
_BREAKING = frozenset({"BREAKING CHANGE", "BREAKING-CHANGE"})  # upper case alone counts (rules 15 and 16)
# What `git revert` and `git merge` write.
_GIT_REVERT = re.compile(r'(?:Revert|Reapply) "(?P<what>.+)"')
_REVERTED = re.compile(r"\b[Tt]his reverts commit ([0-9a-f]{7,64})\b")
_REFS = frozenset({"refs", "reverts"})
_COMMIT_ID = re.compile(r"\b[0-9a-f]{7,64}\b")


@frozen
class CommitMessage:
    """What a message says; `type` is None for one that is not conventional, which then has no scope.

    `type` is in lower case, `description` the subject without type and scope. `breaking_text` is the value of
    a BREAKING CHANGE footer, on one line, or the description where `!` alone says that it breaks; None where
    nothing breaks. `reverts` are the commits that it takes back, as it names them.
    """

    subject: str
    type: str | None
    scope: str | None
    description: str
    breaking_text: str | None = None
    reverts: tuple[str, ...] = ()


def parse_commit_message(message: str) -> CommitMessage:
    """Read any message; lines end with LF or CRLF. What is not conventional has type None."""
    lines = message.replace("\r\n", "\n").strip("\n").split("\n")
    subject = lines[0].strip()
    footers = _footers(lines[1:])
    broken = [value for token, value in footers if token in _BREAKING]
    text = " ".join(broken) or None
    reverts = tuple(dict.fromkeys(_REVERTED.findall(message)))
    header = _HEADER.fullmatch(subject)
    if header is None:
        revert = _GIT_REVERT.fullmatch(subject)
        return CommitMessage(
            subject=subject,
            type=None if revert is None else "revert",
            scope=None,
            description=subject if revert is None else revert["what"],
            breaking_text=text,
            reverts=reverts,
        )
    kind = header["type"].lower()
    if kind == "revert":
        named = [_COMMIT_ID.findall(value) for token, value in footers if token.casefold() in _REFS]
        reverts = tuple(dict.fromkeys((*reverts, *(item for items in named for item in items))))
    return CommitMessage(
        subject=subject,
        type=kind,
        scope=header["scope"],
        description=header["what"].strip(),
        breaking_text=text or (header["what"].strip() if header["mark"] else None),
        reverts=reverts,
    )


def _footers(lines: list[str]) -> list[tuple[str, str]]:
    """Tokens and values: they begin behind an empty line, and a value ends where the next token stands.

    A value may go on over lines (rule 10); it becomes one line.
    """
    found: list[tuple[str, list[str]]] = []
    after_empty = False
    for line in lines:
        match = _FOOTER.fullmatch(line.strip())
        if match is not None and (found or after_empty):
            found.append((match["token"], [match["value"]]))
        elif found:
            found[-1][1].append(line)
        after_empty = not line.strip()
    return [(token, " ".join(" ".join(parts).split())) for token, parts in found]
