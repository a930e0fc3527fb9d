"""Text rendered from the package's own templates; a name that is not defined is an error, never a blank."""

from __future__ import annotations

from importlib import resources

import jinja2


def render_template(name: str, **values: object) -> bytes:
    """Render `templates/<name>.j2` as UTF-8 with one newline at the end; raises jinja2.UndefinedError."""
    source = resources.files("release_tasks").joinpath("templates", f"{name}.j2").read_text("utf-8")
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - plain text for people, not HTML
        keep_trailing_newline=True,
    )
    return (environment.from_string(source).render(**values).rstrip("\n") + "\n").encode("utf-8")
