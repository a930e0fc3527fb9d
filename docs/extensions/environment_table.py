"""The environment variables that release_tasks reads; tests/docs/ compares them with the code."""

# ruff: noqa: INP001 - Sphinx puts this folder on sys.path
from __future__ import annotations

from schema_text import code

READ = {
    "RELEASE_ROOT": "the folder in which `release.toml` is looked for, and that its paths are relative to",
    "RELEASE_VERSION": "wins over `release.version`; a rebuild restores it",
    "RELEASE_ROOTS_<NAME>": "wins over the folder `NAME` of the table `[roots]`",
    "SOURCE_DATE_EPOCH": "the date of the release in seconds since 1970; without it, that of the commit",
    "CI": "neither empty, `0` nor `false`: what might be sealed is not replaced; no live display",
    "GITHUB_ACTIONS": "`true`: a failed step is also told in the way that GitHub shows beside the code",
    "GITHUB_API_URL": "the API that `github:` destinations speak to; Actions sets it",
    "GH_TOKEN": "the token for `github:` destinations",
    "GITHUB_TOKEN": "the same, when `GH_TOKEN` is not set",
    "TERM": "`dumb`: no live display",
}
SEEN_BY_STEPS = {
    "PATH": "folders of the interpreter and the system",
    "HOME": "an empty folder",
    "TMPDIR": "an empty folder",
    "PWD": "the working folder",
    "LANG": "`C.UTF-8`",
    "LC_ALL": "`C.UTF-8`",
    "TZ": "`UTC`",
    "PYTHONHASHSEED": "`0`",
    "PYTHONDONTWRITEBYTECODE": "`1`",
    "PYTHONUNBUFFERED": "`1`",
    "PYTHONNOUSERSITE": "`1`",
    "PYTHONPATH": "the probe that looks whether the numeric profile took effect",
    "SOURCE_DATE_EPOCH": "`315532800` (1980-01-01), so that a new commit trains nothing again",
    "RELEASE_NUMERIC_PROFILE": "the numeric profile, for the probe",
    "RELEASE_NUMERIC_REPORT": "where the probe writes what it found",
    "RELEASE_SEED": "the step's `seed`, when it has one",
}


def read_text() -> str:
    """What release_tasks itself looks at."""
    return _table(READ)


def seen_text() -> str:
    """What a command of the user's gets besides what is passed through."""
    return _table(SEEN_BY_STEPS)


def _table(variables: dict[str, str]) -> str:
    rows = [f"| {code(name)} | {said} |" for name, said in variables.items()]
    return "\n".join(("| variable | says |", "|---|---|", *rows)) + "\n"
