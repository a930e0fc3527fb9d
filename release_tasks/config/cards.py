"""`[cards]`: what people write of a release, and what the Hugging Face Hub wants to know of it."""

from __future__ import annotations

from release_tasks.config.declared import declared_path
from release_tasks.config.fields import Table, given
from release_tasks.config.readers import matching, text
from release_tasks.config.schema import Cards, Dataset
from release_tasks.errors import ConfigError
from release_tasks.records.document import TEMPLATES

_LANGUAGE = matching(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", "a language tag (BCP 47), as en")
_HUB_ID = matching(
    r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}", "an id of the Hub, as owner/name"
)
_WORD = matching(r"[a-z0-9][a-z0-9._-]{0,95}", "a-z, 0-9, then also . _ -")


def read_cards(table: Table | None, dataset: Dataset | None) -> Cards | None:
    """Read the table; a data card wants `[dataset]`, which it speaks of."""
    if table is None:
        return None
    path = declared_path(roots=None, globs=False)
    found = given(
        model=table.one("model", path),
        data=table.one("data", path),
        language=table.many("language", _LANGUAGE),
        tags=table.many("tags", text),
        pipeline_tag=table.one("pipeline_tag", _WORD),
        library_name=table.one("library_name", _WORD),
        datasets=table.many("datasets", _HUB_ID),
        benchmark=table.one("benchmark", _HUB_ID),
        templates=_read_templates(table.table("templates")),
    )
    if "data" in found and dataset is None:
        table.problem(
            ConfigError("a data card speaks of a dataset", wanted="[dataset]", found="none"), "data"
        )
    table.close()
    return Cards(**found)


def _read_templates(table: Table | None) -> tuple[tuple[str, str], ...] | None:
    if table is None:
        return None
    path = declared_path(roots=None, globs=False)
    found = {name: table.one(name, path) for name in TEMPLATES}
    table.close()
    return tuple((name, template) for name, template in sorted(found.items()) if template is not None)
