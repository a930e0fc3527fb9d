"""What `format` means in a JSON Schema, checked by the same functions on every machine.

Those of jsonschema that need no further package, and `date-time`, `time` and `uri` of our own.
"""

from __future__ import annotations

import re

from jsonschema import Draft202012Validator, FormatChecker

from release_tasks.formats.fetch_record import parse_moment

_OF_JSONSCHEMA = ("date", "email", "ipv4", "ipv6", "regex", "uuid")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]+", re.ASCII)


def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or parse_moment(value) is not None


def _is_time(value: object) -> bool:
    return not isinstance(value, str) or parse_moment(f"2000-01-01T{value}") is not None


def _is_uri(value: object) -> bool:
    return not isinstance(value, str) or _URI.fullmatch(value) is not None


def schema_formats() -> FormatChecker:
    """Make the checker; a format that is not among its `checkers` is checked nowhere."""
    checker = FormatChecker(formats=())
    known = Draft202012Validator.FORMAT_CHECKER.checkers
    checker.checkers = {name: known[name] for name in _OF_JSONSCHEMA}
    for name, check in (("date-time", _is_moment), ("time", _is_time), ("uri", _is_uri)):
        checker.checkers[name] = (check, ())
    return checker
