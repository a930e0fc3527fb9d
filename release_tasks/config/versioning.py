"""`[versioning]` and `[changelog]`: how versions rise, and what commits should have said."""

from __future__ import annotations

from release_tasks.config.declared import declared_path
from release_tasks.config.fields import Table, given
from release_tasks.config.readers import flag, matching, text
from release_tasks.config.schema import Reword, Versioning

_COMMIT = matching("[0-9a-f]{7,40}", "7 to 40 hex digits of a commit, in lower case")


def read_versioning(table: Table | None) -> Versioning | None:
    """Read the table."""
    if table is None:
        return None
    found = given(
        bump_minor_pre_major=table.one("bump_minor_pre_major", flag),
        bump_patch_for_minor_pre_major=table.one("bump_patch_for_minor_pre_major", flag),
        ignore_config=table.many("ignore_config", text),
        files=table.many("files", declared_path(roots=None, globs=False)),
    )
    table.close()
    return Versioning(**found)


def read_rewords(table: Table | None) -> tuple[Reword, ...] | None:
    """Read `[[changelog.reword]]`."""
    if table is None:
        return None
    rewords = []
    for row in table.tables("reword"):
        commit = row.one("commit", _COMMIT, required="the commit, 7 to 40 hex digits")
        message = row.one("message", text, required="the message that it should have had")
        row.close()
        if commit is not None and message is not None:
            rewords.append(Reword(commit=commit, message=message))
    table.close()
    return tuple(rewords)
