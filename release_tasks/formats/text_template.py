"""Text rendered from templates, ours and a user's; a name that is not defined is an error, never a blank."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from release_tasks.errors import FormatError


def render_template(name: str, **values: object) -> bytes:
    """Render `templates/<name>.j2` as UTF-8 with one newline at the end; raises jinja2.UndefinedError."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - plain text for people, not HTML
        keep_trailing_newline=True,
    )
    return (environment.from_string(template_source(name)).render(**values).rstrip("\n") + "\n").encode(
        "utf-8"
    )


def render_given(template: str, *, where: str, **values: object) -> str:
    """Render a template that a user wrote, in Jinja2's sandbox.

    Raises FormatError for a template that is malformed, names what it is not given, reaches for what the
    sandbox keeps from it, or fails in any other way.
    """
    return _rendered(template, where=where, blocks=False, values=values)


def _rendered(template: str, *, where: str, blocks: bool, values: Mapping[str, object]) -> str:
    environment = SandboxedEnvironment(
        undefined=jinja2.StrictUndefined, autoescape=False, trim_blocks=blocks, lstrip_blocks=blocks
    )
    try:
        return environment.from_string(template).render(**values)
    except Exception as error:  # noqa: BLE001 - a template is code of the user, and may do anything
        raise FormatError(
            "the template cannot be rendered",
            wanted="Jinja2 that names only " + ", ".join(sorted(values)),
            found=str(error)[:200] or type(error).__name__,
            where=where,
        ) from None


def template_source(name: str) -> str:
    """The source of our own template `templates/<name>.j2`."""
    return resources.files("release_tasks").joinpath("templates", f"{name}.j2").read_text("utf-8")


def render_document(template: str, *, where: str, **values: object) -> bytes:
    """Render a Markdown document, ours or a user's, as `render_given` does: UTF-8, one newline at the end.

    Statements stand on lines of their own and leave none behind; more than one blank line becomes one.
    """
    text = _rendered(template, where=where, blocks=True, values=values)
    lines = "\n".join(line.rstrip() for line in text.split("\n"))
    return (re.sub(r"\n{3,}", "\n\n", lines).strip("\n") + "\n").encode("utf-8")
