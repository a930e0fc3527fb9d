"""The rules of the recipe lint about the world: the clock, entropy, the machine, names of temporary files."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from release_tasks.policy.recipe_rules import Hit
from release_tasks.policy.recipe_source import Source, argument, is_constant, method

_CLOCKS = frozenset(
    {
        "time.time", "time.time_ns", "datetime.datetime.now", "datetime.datetime.utcnow",
        "datetime.datetime.today", "datetime.date.today", "pandas.Timestamp.now", "pandas.Timestamp.utcnow",
        "pandas.Timestamp.today",
    }
)  # fmt: skip
# These read the clock unless they are given a time, at this position.
_FORMATS = {"time.strftime": 1, "time.ctime": 0, "time.asctime": 0, "time.localtime": 0, "time.gmtime": 0}
_ENTROPY = frozenset({"uuid.uuid1", "uuid.uuid4", "os.urandom", "os.getrandom", "random.SystemRandom"})
_HOST = frozenset(
    {
        "socket.gethostname", "socket.getfqdn", "platform.node", "platform.uname", "platform.platform",
        "platform.version", "platform.release", "os.uname", "os.getpid", "os.getppid", "os.getlogin",
        "getpass.getuser",
    }
)  # fmt: skip
_TEMPORARY = frozenset(
    f"tempfile.{name}"
    for name in ("mkdtemp", "mkstemp", "mktemp", "NamedTemporaryFile", "TemporaryDirectory")
)
_WRITERS = frozenset({"write", "write_text", "write_bytes", "writelines", "dump", "dumps"})
_AS_TEXT = frozenset({"builtins.str", "builtins.repr", "os.fspath", "pathlib.Path"})


def world(source: Source) -> Iterator[Hit]:
    """Find what asks the world for something that the next run will not find again."""
    for call, dotted in source.calls:
        yield from _call(call, dotted)
        if method(call) in _WRITERS:
            yield from _written_names(source, call)
        for value in (*call.args, *(item.value for item in call.keywords)):
            yield from _handed_over(source, value)


def _call(call: ast.Call, dotted: str) -> Iterator[Hit]:
    rule = _rule(dotted)
    if rule:
        yield Hit(call, rule, f"{dotted}()")
    elif dotted in _FORMATS:
        position = _FORMATS[dotted]
        if len(call.args) <= position and not any(isinstance(item, ast.Starred) for item in call.args):
            yield Hit(call, "clock", f"{dotted}() of now")
    elif dotted == "numpy.datetime64" and is_constant(argument(call, "", 0), "now", "today"):
        yield Hit(call, "clock", "numpy.datetime64 of now")


def _rule(dotted: str) -> str:
    if dotted in _CLOCKS:
        return "clock"
    if dotted in _ENTROPY or dotted.startswith("secrets."):
        return "entropy"
    return "host-identity" if dotted in _HOST else ""


def _handed_over(source: Source, value: ast.expr) -> Iterator[Hit]:
    """Find such a function that somebody else will call, as `default_factory=uuid.uuid4`."""
    if isinstance(value, ast.Name | ast.Attribute):
        dotted = source.dotted(value)
        rule = "" if dotted.startswith("secrets.") else _rule(dotted)
        if rule:
            yield Hit(value, rule, dotted)


def _written_names(source: Source, call: ast.Call) -> Iterator[Hit]:
    """Find the name of a temporary file in what is written; a file that is opened is no text."""
    waiting: list[ast.AST] = list(call.args[:1])
    while waiting:
        node = waiting.pop()
        match node:
            case ast.Name() if source.origin(node) in _TEMPORARY - {"tempfile.NamedTemporaryFile"}:
                yield Hit(node, "temporary-name", "the name of a temporary file, written")
            case ast.Attribute(value=ast.Name() as holder, attr="name") if (
                source.origin(holder) in _TEMPORARY
            ):
                yield Hit(node, "temporary-name", "the name of a temporary file, written")
            case ast.Attribute():
                continue
            case ast.Call(func=ast.Attribute(value=value, attr="format" | "encode" | "join")):
                waiting += [value, *node.args, *(item.value for item in node.keywords)]
            case ast.Call() if source.dotted(node.func) in _AS_TEXT:
                waiting += node.args
            case ast.Call():
                continue
            case _:
                waiting += ast.iter_child_nodes(node)
