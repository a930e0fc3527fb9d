"""What git tells a pre-push hook on its standard input: a line of four fields for each ref (githooks(5))."""

from __future__ import annotations

import re

from release_tasks.errors import FormatError
from release_tasks.records.frozen_record import frozen

TAGS = "refs/tags/"
_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.ASCII)


@frozen
class PushedRef:
    """One ref of a push; an id is None where there is no object: not on the remote yet, or to be deleted."""

    local_ref: str
    local_id: str | None
    remote_ref: str
    remote_id: str | None

    @property
    def tag(self) -> str | None:
        """The name that the remote's tag will have, None for a branch or anything else."""
        return self.remote_ref.removeprefix(TAGS) if self.remote_ref.startswith(TAGS) else None


def _object_id(text: str, line: str) -> str | None:
    if _ID.fullmatch(text) is None:
        raise FormatError(
            "no object id in a line for a pre-push hook", wanted="40 or 64 hex digits", found=line
        )
    return text if set(text) != {"0"} else None


def parse_pre_push(text: str) -> tuple[PushedRef, ...]:
    """Read the lines `<local ref> <local id> <remote ref> <remote id>`; raises FormatError for any other."""
    found = []
    for line in text.split("\n"):
        if not line:
            continue
        fields = line.split(" ")
        # The local ref may be any expression (`HEAD~1`, `:/text with blanks`); the other three have no blank.
        if len(fields) < 4:
            raise FormatError(
                "no line for a pre-push hook",
                wanted="<local ref> <local id> <remote ref> <remote id>, as git writes on standard input",
                found=line,
            )
        *local, local_id, remote_ref, remote_id = fields
        found.append(
            PushedRef(
                local_ref=" ".join(local),
                local_id=_object_id(local_id, line),
                remote_ref=remote_ref,
                remote_id=_object_id(remote_id, line),
            )
        )
    return tuple(found)
