"""The rules of the recipe lint about arrays: memory that nobody filled, contractions, late settings."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from release_tasks.policy.recipe_rules import Hit
from release_tasks.policy.recipe_source import Source, argument, is_constant, is_true, method, string

_EMPTY = frozenset({"numpy.empty", "numpy.empty_like", "torch.empty", "torch.empty_like"})
_THREADED = ("numpy", "scipy", "torch", "sklearn", "pandas", "jax", "tensorflow", "numexpr", "numba")
_SETTINGS = (
    "OMP_",
    "OPENBLAS_",
    "MKL_",
    "BLIS_",
    "GOTO_",
    "VECLIB_",
    "NUMEXPR_",
    "NPY_",
    "NUMBA_",
    "ATEN_",
    "ONEDNN_",
)


def arrays(source: Source) -> Iterator[Hit]:
    """Find arrays whose values the machine decides."""
    imported = _first_import(source)
    for call, dotted in source.calls:
        if dotted in _EMPTY and not _is_filled(source, call):
            yield Hit(call, "uninitialised-memory", f"{dotted}() that is not seen to be filled")
        optimize = argument(call, "optimize")
        if dotted == "numpy.einsum" and (is_true(optimize) or is_constant(optimize, "optimal", "greedy")):
            yield Hit(call, "einsum-optimize", "np.einsum with a contraction order of its own choice")
    for node, name in _environment(source):
        if (
            name.startswith(_SETTINGS)
            and imported is not None
            and imported.lineno < getattr(node, "lineno", 0)
        ):
            library = _library(imported)
            yield Hit(node, "late-thread-settings", f"{name} set after the import of {library}")


def _library(node: ast.Import | ast.ImportFrom) -> str:
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").partition(".")[0]
    names = [item.name.partition(".")[0] for item in node.names]
    return next(name for name in names if name in _THREADED)


def _first_import(source: Source) -> ast.Import | ast.ImportFrom | None:
    """The first import of the module itself that loads a library with threads."""
    for node in source.tree.body:
        if isinstance(node, ast.Import) and any(
            item.name.partition(".")[0] in _THREADED for item in node.names
        ):
            return node
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in _THREADED:
            return node
    return None


def _environment(source: Source) -> Iterator[tuple[ast.AST, str]]:
    """Yield every place that sets a variable of the process, with its name."""
    for node in source.nodes:
        stored = isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)
        if isinstance(node, ast.Subscript) and stored and source.dotted(node.value) == "os.environ":
            yield node, string(node.slice) or ""
    for call, dotted in source.calls:
        if dotted in {"os.environ.setdefault", "os.putenv"} and call.args:
            yield call, string(call.args[0]) or ""
        elif dotted == "os.environ.update":
            for item in call.keywords:
                yield call, item.arg or ""
            for given in call.args:
                for key in given.keys if isinstance(given, ast.Dict) else ():
                    yield call, string(key) or ""


def _is_filled(source: Source, call: ast.Call) -> bool:
    """Whether the statements after `name = np.empty(...)`, in the same block, fill the whole array."""
    statement = source.parent(call)
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            pass
        case _:
            return False
    block = _block(source, statement)
    after = block[block.index(statement) + 1 :]
    if any(_fills(source, item, name) for item in after):
        return True
    return _slices_cover([item for item in after if isinstance(item, ast.Assign)], name)


def _block(source: Source, statement: ast.stmt) -> list[ast.stmt]:
    above = source.parent(statement)
    for field in ("body", "orelse", "finalbody"):
        block = getattr(above, field, None)
        if isinstance(block, list) and statement in block:
            return block
    return [statement]


def _fills(source: Source, statement: ast.stmt, name: str) -> bool:
    match statement:
        case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=into), slice=index)]) if into == name:
            return _is_whole(index)
        case ast.For(target=ast.Name(id=counter), iter=span, body=body) if _is_span(source, span, name):
            return any(_assigns_row(item, name, counter) for item in body)
        case ast.Expr(value=ast.Call() as call) | ast.Assign(value=ast.Call() as call):
            return _fills_by_call(source, call, name)
        case _:
            return False


def _fills_by_call(source: Source, call: ast.Call, name: str) -> bool:
    """Whether a call is `name.fill(x)`, `np.copyto(name, x)`, or writes to `out=name`."""
    if isinstance(call.func, ast.Attribute) and method(call) == "fill":
        return isinstance(call.func.value, ast.Name) and call.func.value.id == name
    into = argument(call, "dst", 0) if source.dotted(call.func) == "numpy.copyto" else argument(call, "out")
    masked = argument(call, "where") is not None
    return isinstance(into, ast.Name) and into.id == name and not masked


def _is_whole(index: ast.expr) -> bool:
    """Whether an index means all of an array: `[:]`, `[...]`, `[:, :]`."""
    if isinstance(index, ast.Tuple):
        return all(map(_is_whole, index.elts))
    if isinstance(index, ast.Slice):
        return index.lower is None and index.upper is None and is_constant(index.step or ast.Constant(1), 1)
    return is_constant(index, ...)


def _is_span(source: Source, span: ast.expr, name: str) -> bool:
    """Whether a loop runs over `range(len(name))` or `range(name.shape[0])`."""
    match span:
        case ast.Call(func=func, args=[limit]) if source.dotted(func) == "builtins.range":
            return ast.unparse(limit) in {f"len({name})", f"{name}.shape[0]", f"{name}.size"}
        case _:
            return False


def _assigns_row(statement: ast.stmt, name: str, counter: str) -> bool:
    match statement:
        case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=into), slice=ast.Name(id=index))]):
            return (into, index) == (name, counter)
        case _:
            return False


def _slices_cover(assigned: Sequence[ast.Assign], name: str) -> bool:
    """Whether slices `[..., i::k]` of one axis are assigned for every i below k."""
    starts: dict[tuple[str, int], set[int]] = {}
    for item in assigned:
        match item.targets:
            case [ast.Subscript(value=ast.Name(id=into), slice=index)] if into == name:
                found = _comb(index)
                if found is not None:
                    starts.setdefault(found[:2], set()).add(found[2])
            case _:
                continue
    return any(begun >= set(range(step)) for (_, step), begun in starts.items())


def _comb(index: ast.expr) -> tuple[str, int, int] | None:
    """Where in an index a slice with a step stands, the step, and its start; all else must be whole."""
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    combs = [item for item in parts if not _is_whole(item)]
    if len(combs) != 1 or not isinstance(combs[0], ast.Slice) or combs[0].upper is not None:
        return None
    step, start = combs[0].step, combs[0].lower
    if not isinstance(step, ast.Constant) or not isinstance(step.value, int) or not 1 < step.value < 100:
        return None
    begin = start.value if isinstance(start, ast.Constant) else (0 if start is None else None)
    if not isinstance(begin, int):
        return None
    place = ", ".join("*" if item is combs[0] else ast.unparse(item) for item in parts)
    return place, step.value, begin
