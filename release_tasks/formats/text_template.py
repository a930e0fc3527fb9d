"""Text rendered from templates, ours and a user's; a name that is not defined is an error, never a blank."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources
from traceback import walk_tb
from types import ModuleType

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

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
    environment = ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        trim_blocks=blocks,
        lstrip_blocks=blocks,
        finalize=_shown,
    )
    del environment.filters["random"], environment.globals["lipsum"]  # the same text every time
    try:
        return environment.from_string(template).render(**values)
    except Exception as error:  # noqa: BLE001 - a template is code of the user, and may do anything
        line = _line_of(error) if blocks else None  # a document is a file of its own
        raise FormatError(
            "the template cannot be rendered",
            wanted="Jinja2 that names only " + ", ".join(sorted(values)),
            found=str(error)[:200] or type(error).__name__,
            where=where if line is None else f"{where}:{line}",
        ) from None


def _shown(value: object) -> object:
    """What a template may print: a function or a module would show where it is in memory or on disk."""
    undefined = isinstance(value, jinja2.Undefined)  # tells its own name
    if (callable(value) and not undefined) or isinstance(value, ModuleType):
        raise TypeError(f"{getattr(value, '__name__', 'this')} cannot be printed, only called or looked into")
    return value


def _line_of(error: Exception) -> int | None:
    """The line of the template in which it failed, as jinja2 rewrites the traceback."""
    if isinstance(error, jinja2.TemplateSyntaxError):
        return error.lineno
    lines = [line for frame, line in walk_tb(error.__traceback__) if frame.f_code.co_filename == "<template>"]
    return lines[-1] if lines else None


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
