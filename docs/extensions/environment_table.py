"""The environment variables that release_tasks reads; tests/docs/ compares them with the code."""

from __future__ import annotations

from schema_text import cell, code

READ = {
    "RELEASE_ROOT": "the folder in which `release.toml` is looked for, and that its paths are relative to",
    "RELEASE_VERSION": "wins over `release.version`; a rebuild restores it",
    "RELEASE_ROOTS_<NAME>": "wins over the folder `NAME` of the table `[roots]`",
    "SOURCE_DATE_EPOCH": "the date of the release in seconds since 1970; without it, that of the commit",
    "CI": "set: a release without a known seal may not be replaced",
    "PATH": "where `git`, `bwrap`, `gitleaks`, `diffoscope` and the programs of your steps are found",
}
SEEN_BY_STEPS = {
    "RELEASE_SEED": "the step's `seed`",
    "SOURCE_DATE_EPOCH": "315532800 (1980-01-01), so that a new commit trains nothing again",
}


def read_text() -> str:
    """What release_tasks itself looks at."""
    return _table(READ)


def seen_text() -> str:
    """What a command of the user's gets besides what is passed through."""
    return _table(SEEN_BY_STEPS)


def _table(variables: dict[str, str]) -> str:
    rows = [f"| {code(name)} | {said.replace('|', cell('|'))} |" for name, said in variables.items()]
    return "\n".join(("| variable | says |", "|---|---|", *rows)) + "\n"
