"""HTML rendered from our own templates: every value is escaped, and an undefined name is an error."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources

import jinja2
from markupsafe import Markup


def _text(name: str) -> str:
    return resources.files("release_tasks").joinpath("templates", name).read_text("utf-8")


def render_html(name: str, *, style: str, **values: object) -> bytes:
    """Render `templates/<name>.j2` with the style sheet `templates/<style>` inside it, as UTF-8.

    The template finds the sheet as `style` and its hash, as a Content-Security-Policy wants it (CSP Level 3,
    6.7.3), as `style_hash`. Values of type Markup are inserted as they are. Raises jinja2.UndefinedError.
    """
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    sheet = _text(style)
    digest = base64.b64encode(hashlib.sha256(sheet.encode("utf-8")).digest()).decode("ascii")
    template = environment.from_string(_text(f"{name}.j2"))
    text = template.render(style=Markup(sheet), style_hash=f"sha256-{digest}", **values)  # noqa: S704 - our own
    return (text.rstrip("\n") + "\n").encode("utf-8")
