"""`[versioning]` and `[changelog]`: how versions rise, and what commits should have said."""

from __future__ import annotations

from release_tasks.config.declared import declared_path
from release_tasks.config.fields import Table, given
from release_tasks.config.readers import describe, flag, matching, text
from release_tasks.config.schema import Reword, Versioning
from release_tasks.errors import ConfigError
from release_tasks.formats.conventional_commit import parse_commit_message

_COMMIT = matching("[0-9a-f]{7,40}", "7 to 40 hex digits of a commit, in lower case")


def _message(value: object) -> str:
    """A message that a reworded commit should have had: conventional, or nothing is better for it."""
    found = text(value)
    if parse_commit_message(found).type is None:
        raise ConfigError(
            "not a conventional message",
            wanted="type: what changed, as in 'fix: count empty records too'",
            found=describe(value),
        )
    return found


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
        message = row.one("message", _message, required="the message that it should have had")
        row.close()
        if commit is not None and message is not None:
            rewords.append(Reword(commit=commit, message=message))
    table.close()
    return tuple(rewords)
