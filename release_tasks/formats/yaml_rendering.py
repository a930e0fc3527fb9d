"""A JSON configuration as the one YAML text that every release of it contains."""

from __future__ import annotations

import re

import yaml

from release_tasks.formats.strict_json import parse_strict

# YAML 1.1 line breaks that PyYAML writes plain and then reads as spaces (found by a property test, 6.0.3).
_BREAKS = re.compile("[\r\x85\u2028\u2029]")


class _Dumper(yaml.SafeDumper):
    """PyYAML's writer, with every text that holds an odd line break in double quotes, where it is escaped."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if _BREAKS.search(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def render_yaml(data: bytes, *, where: str) -> bytes:
    """Render a JSON object as block YAML 1.1: sorted keys, UTF-8, two spaces, LF, no line folding.

    Raises FormatError when `data` is not strict JSON.
    """
    text: str = yaml.dump(
        parse_strict(data, where=where),
        Dumper=_Dumper,
        sort_keys=True,
        allow_unicode=True,
        default_flow_style=False,
        width=2**31,
        line_break="\n",
    )
    return text.encode("utf-8")
