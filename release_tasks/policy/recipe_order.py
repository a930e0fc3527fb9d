"""The rules of the recipe lint about order: of sets, listings, finished work, equal keys and hashes."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from release_tasks.policy.recipe_disorder import HAND_ON, Disorder
from release_tasks.policy.recipe_rules import Hit
from release_tasks.policy.recipe_source import Source, argument, is_constant, method, unpacks

_LISTINGS = frozenset({"os.listdir", "os.scandir", "glob.glob", "glob.iglob"})
_PATH_LISTINGS = frozenset({"iterdir", "glob", "rglob"})
_WALKS = frozenset({"os.walk", "os.fwalk"})
_COMPLETIONS = frozenset(
    f"{module}.as_completed"
    for module in ("concurrent.futures", "asyncio", "distributed", "dask.distributed")
)
_ORDERED = (HAND_ON - {"builtins.reversed"}) | {"builtins.sum", "builtins.dict.fromkeys"}
_ORDERINGS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


def order(source: Source) -> Iterator[Hit]:
    """Find orders that nothing fixes and on which a result may depend."""
    disorder = Disorder(source)
    for node in source.nodes:
        yield from _sets(disorder, node)
    for call, dotted in source.calls:
        yield from _set_calls(disorder, call, dotted)
        yield from _listings(disorder, call, dotted)
        yield from _completions(disorder, call, dotted)
        yield from _sorts(source, call, dotted)
        yield from _hashes(source, call, dotted)


def _completions(disorder: Disorder, call: ast.Call, dotted: str) -> Iterator[Hit]:
    as_they_come = dotted in _COMPLETIONS or method(call) == "imap_unordered"
    if as_they_come and disorder.matters(call):
        yield Hit(call, "completion-order", f"results of {method(call)} as they come")


def _sets(disorder: Disorder, node: ast.AST) -> Iterator[Hit]:
    """Find where a set is gone through, element by element."""
    match node:
        case ast.For(iter=value) | ast.AsyncFor(iter=value) | ast.comprehension(iter=value):
            if disorder.is_set(value) and disorder.matters(value):
                yield Hit(value, "set-order", "iteration over a set")
        case ast.Starred(value=value, ctx=ast.Load()):
            if disorder.is_set(value) and disorder.matters(value):
                yield Hit(value, "set-order", "a set, unpacked")
        case ast.Assign(targets=[ast.Tuple() | ast.List()], value=value):
            if disorder.is_set(value):
                yield Hit(value, "set-order", "a set, unpacked")
        case _:
            return


def _set_calls(disorder: Disorder, call: ast.Call, dotted: str) -> Iterator[Hit]:
    """Find sets that are handed to what takes them element by element."""
    name = method(call)
    if name == "pop" and not call.args and disorder.is_set(_base(call)):
        yield Hit(call, "set-order", "pop() of a set takes whichever comes first")
    if dotted in _ORDERED or (
        isinstance(call.func, ast.Attribute) and name in {"join", "extend", "writelines"}
    ):
        for value in call.args:
            if disorder.is_set(value) and disorder.matters(value):
                yield Hit(value, "set-order", f"{name}() of a set")


def _listings(disorder: Disorder, call: ast.Call, dotted: str) -> Iterator[Hit]:
    name = method(call)
    if dotted in _WALKS or (name == "walk" and disorder.source.origin(_base(call)) == "pathlib.Path"):
        if _walk_matters(disorder, call):
            yield Hit(call, "listing-order", f"{name}() without sorted dirs and files")
        return
    lists = dotted in _LISTINGS or (isinstance(call.func, ast.Attribute) and name in _PATH_LISTINGS)
    if lists and disorder.matters(call):
        yield Hit(call, "listing-order", f"{dotted if dotted in _LISTINGS else name}() without sorted")


def _base(call: ast.Call) -> ast.expr | None:
    return call.func.value if isinstance(call.func, ast.Attribute) else None


def _walk_matters(disorder: Disorder, call: ast.Call) -> bool:
    """A walk is in order when `dirs` is sorted in place and so is `files`, or nothing depends on them."""
    source = disorder.source
    above = source.parent(call)
    in_order = isinstance(above, ast.Call) and source.dotted(above.func) == "builtins.sorted"
    loop = source.parent(above) if in_order and above is not None else above
    if not in_order and not disorder.matters(call):
        return False
    match loop:
        case ast.For(target=ast.Tuple(elts=[_, ast.Name() as folders, ast.Name() as files, *_])):
            settled = in_order or any(map(disorder.is_sorted_in_place, source.reads(folders)))
            return not settled or disorder.name_matters(files)
        case _:
            return not in_order


def _sorts(source: Source, call: ast.Call, dotted: str) -> Iterator[Hit]:
    name = method(call)
    a_method = isinstance(call.func, ast.Attribute) and (not dotted or dotted.startswith("builtins."))
    if name not in {"argsort", "argpartition"} or unpacks(call):
        return
    if not a_method and dotted.partition(".")[0] not in {"numpy", "torch"}:
        return
    kind = source.value(argument(call, "kind", 1 if a_method else 2))
    known = kind is None or isinstance(kind, ast.Constant)
    stable = argument(call, "stable") is not None or is_constant(kind, "stable", "mergesort")
    if name == "argpartition" or (known and not stable):
        yield Hit(
            call, "unstable-sort", f'{name}() without kind="stable"' if name == "argsort" else f"{name}()"
        )


def _hashes(source: Source, call: ast.Call, dotted: str) -> Iterator[Hit]:
    for keyword in call.keywords:
        named = source.dotted(keyword.value)
        if keyword.arg == "key" and named in {"builtins.hash", "builtins.id"}:
            yield Hit(keyword.value, "salted-hash", f"order by {named.removeprefix('builtins.')}()")
    if dotted == "builtins.hash" and not _is_own_hash(source, call):
        yield Hit(call, "salted-hash", "hash()")
    if dotted == "builtins.id" and _orders(source, call):
        yield Hit(call, "salted-hash", "order by id()")


def _is_own_hash(source: Source, call: ast.Call) -> bool:
    """Whether a hash stays inside the process: in `__hash__`, or compared with another one."""
    above = source.parent(call)
    if isinstance(above, ast.Compare) and all(isinstance(op, ast.Eq | ast.NotEq) for op in above.ops):
        return True
    return any(
        isinstance(node, ast.FunctionDef) and node.name == "__hash__" for node in source.ancestors(call)
    )


def _orders(source: Source, call: ast.Call) -> bool:
    """Whether an id is compared by size, or is a key of sorting."""
    for node in source.ancestors(call):
        if isinstance(node, ast.Compare) and any(isinstance(op, _ORDERINGS) for op in node.ops):
            return True
        if isinstance(node, ast.Lambda):
            above = source.parent(node)
            return isinstance(above, ast.keyword) and above.arg == "key"
        if isinstance(node, ast.Call) and source.dotted(node.func) == "builtins.sorted":
            return True
        if isinstance(node, ast.stmt):
            return False
    return False
