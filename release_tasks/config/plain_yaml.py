"""The harmless part of YAML: mappings, lists and the scalars of JSON; no tags, anchors, aliases or merges."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from release_tasks.errors import ConfigError

if TYPE_CHECKING:
    import yaml

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,18})", re.ASCII)
_FLOAT = re.compile(r"[-+]?(0|[1-9][0-9]*)?(\.[0-9]+|(?<=[0-9])\.)?([eE][-+]?[0-9]+)?", re.ASCII)
_DIGIT_FIRST = re.compile(r"[-+.]?[0-9]", re.ASCII)
# YAML 1.2.2, 10.3 (core schema). YAML 1.1 would read `off` as false, 1:30 as 90 and 1e-3 as text.
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_MAX_DEPTH = 20


def _plain(text: str) -> object:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DIGIT_FIRST.match(text) and _FLOAT.fullmatch(text):
        return float(text)
    return text


class _Builder:
    """Values from events, with a stack of our own instead of recursion."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._stack: list[tuple[dict[str, object] | list[object], list[str]]] = []
        self.root: object = None

    def refuse(self, what: str, mark: yaml.Mark, *, wanted: str, found: str | None = None) -> ConfigError:
        return ConfigError(
            what, wanted=wanted, found=found, where=f"{self._where}:{mark.line + 1}:{mark.column + 1}"
        )

    def open(self, container: dict[str, object] | list[object], mark: yaml.Mark) -> None:
        if len(self._stack) == _MAX_DEPTH:
            raise self.refuse("YAML is nested too deep", mark, wanted=f"at most {_MAX_DEPTH} levels")
        if self._awaits_key():
            raise self.refuse("YAML key is not a scalar", mark, wanted="a word as the key")
        self._put(container)
        self._stack.append((container, []))

    def close(self) -> None:
        self._stack.pop()

    def scalar(self, text: str, mark: yaml.Mark, *, plain: bool) -> None:
        if not self._awaits_key():
            self._put(_plain(text) if plain else text)
            return
        container, pending = self._stack[-1]
        if text in container:
            raise self.refuse(
                "YAML key is there twice", mark, wanted="each key once", found=ascii(text)[1:-1]
            )
        pending.append(text)

    def _awaits_key(self) -> bool:
        return bool(self._stack) and isinstance(self._stack[-1][0], dict) and not self._stack[-1][1]

    def _put(self, value: object) -> None:
        if not self._stack:
            self.root = value
            return
        container, pending = self._stack[-1]
        if isinstance(container, dict):
            container[pending.pop()] = value
        else:
            container.append(value)


def _feed(builder: _Builder, event: Any) -> None:
    import yaml  # noqa: PLC0415 - a run that has nothing to do must not pay for it

    mark: yaml.Mark = event.start_mark
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
        raise builder.refuse("YAML anchors and aliases are refused", mark, wanted="plain values")
    if getattr(event, "tag", None) is not None:
        raise builder.refuse(
            "YAML tags are refused", mark, wanted="plain values", found=ascii(event.tag)[1:-1]
        )
    match event:
        case yaml.ScalarEvent():
            builder.scalar(event.value, mark, plain=event.style is None)
        case yaml.MappingStartEvent():
            builder.open({}, mark)
        case yaml.SequenceStartEvent():
            builder.open([], mark)
        case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
            builder.close()
        case _:
            pass  # the ends of the document and of the stream carry nothing


def parse_plain_yaml(text: str, *, where: str) -> object:
    """Read one YAML document by the core schema of YAML 1.2.2; keys are always text, duplicates refused.

    Raises ConfigError with line and column for a syntax error, an anchor, alias or tag, a duplicate key, a
    key that is no scalar, a second document and more than 20 levels. An empty text is None.
    """
    import yaml  # noqa: PLC0415 - as above

    builder = _Builder(where)
    documents = 0
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    second: Any = event.start_mark  # always set by the parser, whatever the stubs say
                    raise builder.refuse("YAML has a second document", second, wanted="one document")
            else:
                _feed(builder, event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise ConfigError("YAML is malformed", found=error.problem, where=where + at) from None
    except yaml.YAMLError as error:  # a character that YAML forbids has a position and no mark
        raise ConfigError("YAML is malformed", found=str(error).splitlines()[0], where=where) from None
    return builder.root
