"""A JSON configuration as the one YAML text that every release of it contains."""

from __future__ import annotations

import yaml

from release_tasks.formats.strict_json import parse_strict


def render_yaml(data: bytes, *, where: str) -> bytes:
    """Render a JSON object as block YAML 1.1: sorted keys, UTF-8, two spaces, LF, no line folding.

    Raises FormatError when `data` is not strict JSON.
    """
    value = parse_strict(data, where=where)
    text: str = yaml.safe_dump(
        value, sort_keys=True, allow_unicode=True, default_flow_style=False, width=2**31, line_break="\n"
    )
    return text.encode("utf-8")
