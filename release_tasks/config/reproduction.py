"""`[reproduce]`: where rebuild records are kept, and what a rebuild may differ by."""

from __future__ import annotations

from release_tasks.config.declared import declared_path
from release_tasks.config.fields import Table, given
from release_tasks.config.readers import integer, number_in
from release_tasks.config.schema import Reproduce


def read_reproduce(table: Table | None) -> Reproduce | None:
    """Read the table."""
    if table is None:
        return None
    found = given(
        records=table.one("records", declared_path(roots=None, globs=False)),
        max_ulp=table.one("max_ulp", integer(0)),
        max_abs=table.one("max_abs", number_in(0)),
        standard_errors=table.one("standard_errors", number_in(0)),
    )
    table.close()
    return Reproduce(**found)
