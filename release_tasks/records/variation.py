"""What a second run of a command may differ in on purpose, and how a choice of it is written."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

from release_tasks.errors import ConfigError
from release_tasks.records.frozen_record import frozen_positional


@frozen_positional
class Aspect:
    """One respect in which the surroundings of a command can differ; `aliases` are names elsewhere."""

    name: str
    doc: str
    default: bool = True
    aliases: tuple[str, ...] = ()


_ROWS = (
    Aspect("path", "the working directory: another name and depth", aliases=("build-path",)),
    Aspect("home", "the home folder"),
    Aspect("user", "the user's name, uid and gid", aliases=("user-group",)),
    Aspect("hostname", "the name of the machine", aliases=("domain-host",)),
    Aspect("timezone", "the time zone: it is another day there for half of the time"),
    Aspect("locale", "the language and formats of the system", aliases=("locales",)),
    Aspect("umask", "the mode bits that new files do not get"),
    Aspect("hash-seed", "the seed of Python's hashes, and with it the order of its sets"),
    Aspect("cpus", "how many CPUs may be used", aliases=("num-cpus",)),
    Aspect("directory-order", "the order in which folders are listed", aliases=("fileordering",)),
    Aspect("clock", "the date and time of day", aliases=("time",)),
    Aspect("aslr", "addresses of memory: not random"),
    Aspect("malloc", "what fresh memory contains, and who hands it out"),
    Aspect(
        "hostile-environment",
        "hostile variables around the worker, none of which reaches the command",
        aliases=("environment",),
    ),
    Aspect("still-clock", "the clock of the wall stands still", default=False),
    Aspect("cpu-features", "the CPU: an older one is played, without AVX2 and FMA", default=False),
)

ASPECTS: Mapping[str, Aspect] = {row.name: row for row in _ROWS}
DEFAULT = frozenset(row.name for row in _ROWS if row.default)
# Names of reprotest that nothing here stands for, and why.
UNSUPPORTED: Mapping[str, str] = {
    "kernel": "the kernel is part of the numeric id, not of the surroundings",
    "exec-path": "PATH is fixed for every command, and part of what it is run with",
}
_ALL = "all"
_NAMES: Mapping[str, str] = {alias: row.name for row in _ROWS for alias in (row.name, *row.aliases)}
_SEPARATORS = re.compile(r"[\s,]+")


def ordered(names: frozenset[str]) -> tuple[str, ...]:
    """The names in the order of the table; a name that is not in it is a bug of the caller (KeyError)."""
    if unknown := names - ASPECTS.keys():
        raise KeyError(min(unknown))
    return tuple(name for name in ASPECTS if name in names)


def parse_vary(text: str) -> frozenset[str]:
    """The aspects that `+all -time` or `-all +timezone,+locale` chooses, left to right from the default set.

    The syntax and the names of reprotest are understood, `_` being `-`. `all` is the default set when it is
    added and everything when it is taken away. Raises ConfigError for an unknown or unsupported name and for
    a missing sign.
    """
    chosen = DEFAULT
    for word in filter(None, _SEPARATORS.split(text)):
        sign, name = word[0], word[1:].replace("_", "-")
        if sign not in "+-" or not name:
            raise ConfigError(
                "a variation has no sign",
                wanted="+NAME to vary, -NAME to leave as it is",
                found=word,
                where="--vary",
            )
        if name == _ALL:
            chosen = chosen | DEFAULT if sign == "+" else frozenset()
        elif sign == "+":
            chosen |= {_known(name, word)}
        elif name not in UNSUPPORTED:  # what is never varied can be taken away
            chosen -= {_known(name, word)}
    return chosen


def _known(name: str, word: str) -> str:
    if name in _NAMES:
        return _NAMES[name]
    if name in UNSUPPORTED:
        raise ConfigError(
            f"{name} cannot be varied",
            wanted=", ".join((_ALL, *ASPECTS)),
            found=word,
            where="--vary",
            hint=UNSUPPORTED[name],
        )
    close = difflib.get_close_matches(name[:100], sorted((_ALL, *_NAMES)), n=1)
    raise ConfigError(
        "there is no such variation",
        wanted=", ".join((_ALL, *ASPECTS)),
        found=word,
        where="--vary",
        hint=f"did you mean {word[0]}{close[0]}?" if close else None,
    )
