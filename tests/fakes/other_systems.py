"""Which tests cannot run on macOS or Windows: those that use what only POSIX, or only Linux, has.

Read from the code of a test and of the functions of its module that it names, so that no list of tests can go stale.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from types import CodeType, FunctionType

_POSIX: Mapping[str, str] = {
    r"symlink|symlink_to|readlink": "symbolic links, which Windows does not let everybody make",
    r"chmod|fchmod|umask|mkfifo|mknod|chown": "the modes and special files of POSIX",
    r"geteuid|getuid|getgid|getpwuid|pwd": "the users of POSIX",
    r"fork|killpg|getpgid|setsid|start_new_session|SIGKILL|SIGSTOP|SIGCONT|SIGTERM|SIGINT|SIGHUP|SIGUSR1|SIGPIPE": (
        "the processes and signals of POSIX"
    ),
    r"resource|setrlimit|fcntl|tzset": "a module of POSIX",
    r".*#!/bin/sh.*|.*(?<![\w/])/bin/sh\b.*|sh|bash": "a shell of POSIX",
}
_LINUX: Mapping[str, str] = {
    r"sched_getaffinity|sched_setaffinity|posix_fadvise|posix_fallocate": "a system call of Linux",
    r".*(?<![\w/])/proc/.*|.*(?<![\w/])/dev/(?:shm|full)\b.*": "a file system of Linux",
    r"bwrap|unshare|strace|setarch|faketime|disorderfs|mount|umount": "a program of Linux",
}
_PATTERNS: Mapping[str, tuple[tuple[re.Pattern[str], str], ...]] = {
    "win32": tuple((re.compile(text, re.DOTALL), why) for text, why in {**_POSIX, **_LINUX}.items()),
    "darwin": tuple((re.compile(text, re.DOTALL), why) for text, why in _LINUX.items()),
}


def _functions(start: Callable[..., object]) -> Iterator[FunctionType]:
    """A test and what it names of its own module, fixtures by their arguments included."""
    waiting: list[object] = [start]
    seen: set[int] = set()
    while waiting:
        given = waiting.pop()
        found = getattr(given, "__wrapped__", given)
        if not isinstance(found, FunctionType) or id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        own = found.__globals__
        for name in (*_names(found.__code__), *found.__code__.co_varnames[: found.__code__.co_argcount]):
            other = own.get(name)
            if getattr(other, "__module__", None) == found.__module__:
                waiting.append(other)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _texts(code: CodeType) -> Iterator[str]:
    """Every name and every piece of text in a function, inner functions included."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, str):
            yield constant
        elif isinstance(constant, tuple | frozenset):
            yield from (part for part in constant if isinstance(part, str))
        elif isinstance(constant, CodeType):
            yield from _texts(constant)


def not_to_be_had(test: Callable[..., object], platform: str) -> str | None:
    """Say what a test uses that `platform` (as `sys.platform`) has not; None when it can run there."""
    for function in _functions(test):
        docstring = function.__doc__
        for text in _texts(function.__code__):
            for pattern, why in _PATTERNS.get(platform, ()):
                if text != docstring and pattern.fullmatch(text):
                    return f"uses {why}"
    return None
