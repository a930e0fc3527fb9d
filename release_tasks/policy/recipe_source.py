"""One Python source as the recipe lint sees it: what every name means, and who uses what a call gives."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_ALIASES = 20  # how many names may stand for one another before nobody follows
Place = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Binding:
    """Where a name gets a value: an import (`dotted`), an expression, a type that was stated, or neither."""

    end: Place
    dotted: str = ""
    value: ast.expr | None = None
    annotation: ast.expr | None = None


@dataclass(slots=True, eq=False)
class Scope:
    """A module, class, function or comprehension, and the names that it binds."""

    outer: Scope | None
    is_class: bool = False
    is_comprehension: bool = False
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    elsewhere: dict[str, Scope] = field(default_factory=dict)  # names that are global or nonlocal

    @property
    def function(self) -> Scope:
        """The scope in which `:=` binds: a comprehension has none of its own."""
        scope = self
        while scope.is_comprehension and scope.outer is not None:
            scope = scope.outer
        return scope

    def bind(self, name: str, binding: Binding) -> None:
        """Note that a name gets a value here, or where it is declared to live."""
        self.elsewhere.get(name, self).bindings.setdefault(name, []).append(binding)


def _end(node: ast.AST) -> Place:
    return getattr(node, "end_lineno", None) or 0, getattr(node, "end_col_offset", None) or 0


def _start(node: ast.AST) -> Place:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


class Source:
    """A parsed module; raises SyntaxError, ValueError, RecursionError or MemoryError for what is none."""

    def __init__(self, text: str, *, settled: frozenset[str] = frozenset()) -> None:
        self.tree = ast.parse(text)
        self.settled = settled  # what other sources of the same process set for all of it
        self.lines = re.split(r"\r\n|\r|\n", text)
        self.module = Scope(outer=None)
        self._parents: dict[ast.AST, ast.AST] = {}
        self._scopes: dict[ast.AST, Scope] = {}
        self.nodes = tuple(self._walk())

    def _walk(self) -> Iterator[ast.AST]:
        """Yield every node in the order of the text, each with its parent and its scope noted."""
        waiting: list[tuple[ast.AST, Scope]] = [(self.tree, self.module)]
        while waiting:
            node, scope = waiting.pop()
            self._scopes[node] = scope
            self._bind(node, scope)
            yield node
            children = list(self._children(node, scope))
            for child, _ in children:
                self._parents[child] = node
            waiting.extend(reversed(children))

    def _children(self, node: ast.AST, scope: Scope) -> Iterator[tuple[ast.AST, Scope]]:
        inner = scope
        own: set[int] = set()  # the children that belong to the scope which the node opens
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            inner = Scope(outer=scope, is_class=isinstance(node, ast.ClassDef))
            body = node.body if isinstance(node.body, list) else [node.body]
            own = {id(item) for item in body}
            for item in body:
                self._declare(item, inner)
            if isinstance(node, _FUNCTIONS):
                self._bind_arguments(node.args, inner)
        elif isinstance(node, _COMPREHENSIONS):
            inner = Scope(outer=scope, is_comprehension=True)
            own = {id(child) for child in ast.iter_child_nodes(node)}
        elif isinstance(node, ast.comprehension) and scope.outer is not None:
            comprehension = self._parents[node]
            if isinstance(comprehension, _COMPREHENSIONS) and comprehension.generators[0] is node:
                yield node.iter, scope.outer  # the first iterable is evaluated outside
                for part in (node.target, *node.ifs):
                    yield part, scope
                return
        for child in ast.iter_child_nodes(node):
            yield child, inner if id(child) in own else scope

    def _declare(self, statement: ast.AST, scope: Scope) -> None:
        for node in ast.walk(statement):
            if isinstance(node, ast.Global):
                scope.elsewhere.update(dict.fromkeys(node.names, self.module))
            elif isinstance(node, ast.Nonlocal) and scope.outer is not None:
                scope.elsewhere.update(dict.fromkeys(node.names, scope.outer.function))

    def _bind_arguments(self, args: ast.arguments, scope: Scope) -> None:
        named = [*args.posonlyargs, *args.args, *args.kwonlyargs]
        for arg in (*named, *filter(None, (args.vararg, args.kwarg))):
            annotation = arg.annotation if arg in named else None
            scope.bind(arg.arg, Binding((0, 0), annotation=annotation))

    def _bind(self, node: ast.AST, scope: Scope) -> None:
        end = _end(node)
        match node:
            case ast.Import(names=names):
                for item in names:
                    first = item.name.partition(".")[0]
                    scope.bind(item.asname or first, Binding(end, item.name if item.asname else first))
            case ast.ImportFrom(names=names, module=module, level=level):
                for item in names:
                    dotted = f"{module}.{item.name}" if module and not level else ""
                    scope.bind(item.asname or item.name, Binding(end, dotted))
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                scope.bind(name, Binding(end))
            case ast.ExceptHandler(name=str() as name) | ast.MatchAs(name=str() as name):
                scope.bind(name, Binding(end))
            case ast.MatchStar(name=str() as name) | ast.MatchMapping(rest=str() as name):
                scope.bind(name, Binding(end))
            case ast.Name(ctx=ast.Store()):
                self._bind_name(node, scope)
            case _:
                pass

    def _bind_name(self, node: ast.Name, scope: Scope) -> None:
        parent = self._parents[node]
        match parent:
            case ast.Assign(targets=targets, value=value) if node in targets:
                scope.bind(node.id, Binding(_end(parent), value=value))
            case ast.AnnAssign(value=value, annotation=annotation):
                scope.bind(node.id, Binding(_end(parent), value=value, annotation=annotation))
            case ast.NamedExpr(value=value):
                scope.function.bind(node.id, Binding(_end(parent), value=value))
            case ast.withitem(context_expr=value):
                scope.bind(node.id, Binding(_end(node), value=value))
            case ast.AugAssign():
                pass  # the name keeps what it is
            case _:
                scope.bind(node.id, Binding(_end(node)))

    def parent(self, node: ast.AST) -> ast.AST | None:
        """The node in which a node stands; None for the module."""
        return self._parents.get(node)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield parent, grandparent and so on."""
        above = self._parents.get(node)
        while above is not None:
            yield above
            above = self._parents.get(above)

    def owner(self, name: str, at: ast.AST) -> Scope | None:
        """The scope whose name is meant at a node, or None for a builtin and what a star import brings."""
        start = scope = self._scopes[at]
        while True:
            if name in scope.bindings and (scope is start or not scope.is_class):
                return scope
            if scope.outer is None:
                return None
            scope = scope.outer

    def bindings(self, node: ast.Name) -> Sequence[Binding]:
        """Every place at which the name that is read here gets a value; none for a builtin."""
        scope = self.owner(node.id, node)
        return scope.bindings[node.id] if scope else ()

    def latest(self, node: ast.Name) -> Binding | None:
        """The binding that most likely counts: the nearest one above in the same scope, else the only one."""
        scope = self.owner(node.id, node)
        if scope is None:
            return None
        found = scope.bindings[node.id]
        here = self._scopes[node]
        if scope is here.function or scope is here:
            before = [binding for binding in found if binding.end <= _start(node)]
            if before:
                return max(before, key=lambda binding: binding.end)
        return found[0] if len(found) == 1 else None

    def reads(self, name: ast.Name) -> Sequence[ast.Name]:
        """Every read of the variable that a name means, in and below the scope that binds it."""
        return self._reads.get((self.owner(name.id, name), name.id), ())

    @cached_property
    def _reads(self) -> dict[tuple[Scope | None, str], list[ast.Name]]:
        found: dict[tuple[Scope | None, str], list[ast.Name]] = {}
        for node in self.nodes:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                found.setdefault((self.owner(node.id, node), node.id), []).append(node)
        return found

    def dotted(self, node: ast.AST | None, *, _depth: int = 0) -> str:
        """The full name of what an expression is, aliases followed; "" for anything that has none.

        A builtin is `builtins.NAME`.
        """
        parts: list[str] = []
        inner = node
        while isinstance(inner, ast.Attribute):
            parts.append(inner.attr)
            inner = inner.value
        if not isinstance(inner, ast.Name):
            return ""
        before = self._dotted_name(inner, _depth)
        return ".".join((before, *reversed(parts))) if before else ""

    def _dotted_name(self, node: ast.Name, depth: int) -> str:
        found = self.bindings(node)
        if not found:
            return f"builtins.{node.id}"
        imported = [binding.dotted for binding in found if binding.dotted]
        if imported:
            return imported[0]
        value = found[0].value if len(found) == 1 else None
        if isinstance(value, (ast.Name, ast.Attribute)) and depth < _ALIASES:
            return self.dotted(value, _depth=depth + 1)
        return ""

    @cached_property
    def calls(self) -> tuple[tuple[ast.Call, str], ...]:
        """Every call with the full name of what is called, in the order of the text."""
        return tuple((node, self.dotted(node.func)) for node in self.nodes if isinstance(node, ast.Call))

    def origin(self, node: ast.AST | None) -> str:
        """The full name of the call that made a value, followed through the variable that holds it."""
        for _ in range(_ALIASES):
            if isinstance(node, ast.Call):
                return self.dotted(node.func)
            if not isinstance(node, ast.Name):
                return ""
            binding = self.latest(node)
            node = binding.value if binding else None
        return ""

    def value(self, node: ast.expr | None) -> ast.expr | None:
        """The expression behind a variable that was assigned, else the expression itself."""
        for _ in range(_ALIASES):
            if not isinstance(node, ast.Name):
                break
            binding = self.latest(node)
            if binding is None or binding.value is None:
                break
            node = binding.value
        return node


def method(node: ast.Call) -> str:
    """The last name of what is called: of `a.b.c()` it is `c`."""
    match node.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def argument(node: ast.Call, name: str, position: int | None = None) -> ast.expr | None:
    """An argument by keyword, else by position; None where it is not given, or hides in `*` or `**`."""
    for keyword in node.keywords:
        if keyword.arg == name:
            return keyword.value
    if position is not None and position < len(node.args):
        before = node.args[: position + 1]
        if not any(isinstance(item, ast.Starred) for item in before):
            return node.args[position]
    return None


def unpacks(node: ast.Call) -> bool:
    """Whether arguments come from `*` or `**`, so that one which is not seen may be there."""
    return any(isinstance(item, ast.Starred) for item in node.args) or any(
        item.arg is None for item in node.keywords
    )


def is_true(node: ast.AST | None) -> bool:
    """Whether an expression is literally True."""
    return isinstance(node, ast.Constant) and node.value is True


def is_constant(node: ast.AST | None, *values: object) -> bool:
    """Whether an expression is literally one of some values, of the same type."""
    return isinstance(node, ast.Constant) and any(
        type(node.value) is type(value) and node.value == value for value in values
    )


def string(node: ast.AST | None) -> str | None:
    """The text of a string literal, else None."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
