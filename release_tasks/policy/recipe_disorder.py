"""Does anything depend on the order of a value: a set, a listing, results as workers finish."""

from __future__ import annotations

import ast

from release_tasks.policy.recipe_source import Source, argument, is_true, method

# What gives the same for every order of its elements.
ANY_ORDER = frozenset(
    f"builtins.{name}" for name in ("sorted", "set", "frozenset", "len", "any", "all", "min", "max", "bool")
) | {"math.fsum"}
# What hands the elements on in the order in which they come.
HAND_ON = frozenset(
    f"builtins.{name}" for name in ("list", "tuple", "iter", "map", "filter", "enumerate", "zip", "reversed")
) | {
    "itertools.chain",
    "itertools.chain.from_iterable",
    "itertools.filterfalse",
    "tqdm.tqdm",
    "tqdm.auto.tqdm",
}
_SET_METHODS = frozenset({"add", "discard", "update", "difference_update", "intersection_update", "remove"})
_DEPTH = 8  # variables that are followed one after another


class Disorder:
    """Answers for one source whether anything depends on the order of a value."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def matters(self, node: ast.AST, depth: int = 0) -> bool:
        """Whether the order of what an expression gives, as a sequence, can reach a result.

        What is not understood matters: a value that is returned, indexed or handed to a function.
        """
        parent = self.source.parent(node)
        match parent:
            case None | ast.Expr() | ast.UnaryOp(op=ast.Not()):
                return False
            case ast.Call():
                return self._matters_to_call(parent, node, depth)
            case ast.comprehension():
                whole = self.source.parent(parent)
                return whole is not None and not isinstance(whole, ast.SetComp) and self.matters(whole, depth)
            case ast.For() | ast.AsyncFor():
                return not self._only_collects(parent, depth)
            case ast.Starred():
                return self._matters_in_display(parent, depth)
            case ast.keyword() | ast.BinOp() | ast.BoolOp() | ast.Await():
                return self.matters(parent, depth)
            case ast.NamedExpr(target=target):
                return self.matters(parent, depth) or self.name_matters(target, depth + 1)
            case ast.Assign(targets=[ast.Name() as target]) | ast.AnnAssign(target=ast.Name() as target):
                return self.name_matters(target, depth + 1)
            case ast.withitem(optional_vars=ast.Name() as target):
                return self.name_matters(target, depth + 1)
            case ast.Compare(ops=ops, left=left):
                if all(isinstance(op, ast.Eq | ast.NotEq) for op in ops):
                    return not self._is_dict(node)
                return node is left or not all(isinstance(op, ast.In | ast.NotIn) for op in ops)
            case ast.If(test=test) | ast.While(test=test) | ast.Assert(test=test) if test is node:
                return False
            case ast.IfExp(test=test):
                return test is not node and self.matters(parent, depth)
            case ast.Subscript(value=value) | ast.Attribute(value=value, attr="get") if value is node:
                return not self._is_dict(node)
            case _:
                return True

    def _matters_to_call(self, call: ast.Call, node: ast.AST, depth: int) -> bool:
        if call.func is node:
            return True
        dotted = self.source.dotted(call.func)
        if dotted in ANY_ORDER:
            return False
        if dotted in HAND_ON:
            return self.matters(call, depth)
        if dotted in {"json.dumps", "json.dump"} and is_true(argument(call, "sort_keys")):
            return not self._is_dict(node)
        if isinstance(call.func, ast.Attribute):
            into = call.func.value
            if call.func.attr in _SET_METHODS and self.is_set(into):
                return False
            if call.func.attr == "extend":
                return self.name_matters(into, depth + 1)
        return not (dotted == "builtins.sum" and self._counts(node))

    def _is_dict(self, node: ast.AST) -> bool:
        """Whether an expression is a dict, of which an element is asked for by its key."""
        made = self.source.value(node) if isinstance(node, ast.expr) else None
        return isinstance(made, ast.Dict | ast.DictComp) or self.source.origin(made) in {
            "builtins.dict",
            "builtins.dict.fromkeys",
        }

    @staticmethod
    def _counts(node: ast.AST) -> bool:
        """Whether what is summed are whole numbers or truths, whose sum does not depend on the order."""
        if not isinstance(node, ast.GeneratorExp | ast.ListComp):
            return False
        element = node.elt
        if isinstance(element, ast.Call):
            return isinstance(element.func, ast.Name) and element.func.id in {"len", "int", "bool"}
        return isinstance(element, ast.Compare) or (
            isinstance(element, ast.Constant) and isinstance(element.value, int)
        )

    def _matters_in_display(self, starred: ast.Starred, depth: int) -> bool:
        display = self.source.parent(starred)
        if isinstance(display, ast.Set):
            return False
        if isinstance(display, ast.List | ast.Tuple):
            return self.matters(display, depth)
        return not (isinstance(display, ast.Call) and self.source.dotted(display.func) in ANY_ORDER)

    def name_matters(self, target: ast.expr, depth: int = 0) -> bool:
        """Whether the order of what a variable holds can reach a result; `.sort()` anywhere settles it."""
        if not isinstance(target, ast.Name) or depth > _DEPTH:
            return True
        reads = [read for read in self.source.reads(target) if read is not target]
        if not reads and self.source.owner(target.id, target) is self.source.module:
            return True  # whoever imports the module may read it
        if any(self.is_sorted_in_place(read) for read in reads):
            return False
        return any(self.matters(read, depth) for read in reads if not self._is_filling(read))

    def is_sorted_in_place(self, read: ast.Name) -> bool:
        """Whether a read of a variable is `name.sort()`, or the target of `name[:] = sorted(...)`."""
        above = self.source.parent(read)
        if isinstance(above, ast.Attribute) and above.attr == "sort":
            call = self.source.parent(above)
            return isinstance(call, ast.Call) and call.func is above
        if isinstance(above, ast.Subscript) and isinstance(above.slice, ast.Slice):
            assign = self.source.parent(above)
            if isinstance(assign, ast.Assign) and isinstance(assign.value, ast.Call):
                return self.source.dotted(assign.value.func) == "builtins.sorted"
        return False

    def _is_filling(self, read: ast.Name) -> bool:
        """Whether a read only puts something into what is read: `name.append(...)`."""
        above = self.source.parent(read)
        if not (isinstance(above, ast.Attribute) and above.attr in {"append", "extend", *_SET_METHODS}):
            return False
        call = self.source.parent(above)
        return isinstance(call, ast.Call) and call.func is above

    def _only_collects(self, loop: ast.For | ast.AsyncFor, depth: int) -> bool:
        """Whether a loop only puts things into sets, or into lists whose order is settled later."""
        return (
            depth <= _DEPTH
            and not loop.orelse
            and all(self._collects(statement, loop, depth) for statement in loop.body)
        )

    def _collects(self, statement: ast.stmt, loop: ast.stmt, depth: int) -> bool:
        match statement:
            case ast.Pass() | ast.Continue() | ast.Assert() | ast.Raise() | ast.Return(value=ast.Constant()):
                return True
            case ast.If(body=body, orelse=orelse):
                return all(self._collects(item, loop, depth) for item in (*body, *orelse))
            case ast.For(body=body, orelse=[]):
                return all(self._collects(item, loop, depth) for item in body)
            case ast.Assign(targets=[ast.Name() as name]):
                return all(_within(read, loop) for read in self.source.reads(name))
            case ast.Assign(targets=[ast.Subscript(value=ast.Name() as into)]):
                return self._has_places(into)
            case ast.AugAssign(target=ast.Name(), op=ast.Add(), value=ast.Constant(value=int())):
                return True
            case ast.AugAssign(target=ast.Name() as into, op=ast.BitOr()):
                return self.is_set(into)
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name() as into, attr=attr))):
                if attr in _SET_METHODS:
                    return self.is_set(into)
                return attr in {"append", "extend"} and not self.name_matters(into, depth + 1)
            case _:
                return False

    def _has_places(self, into: ast.Name) -> bool:
        """Whether `into[i] = x` puts x where it belongs: a list or array, whose places do not move."""
        made = self.source.value(into)
        if isinstance(made, ast.List | ast.ListComp):
            return True
        if isinstance(made, ast.BinOp):
            return isinstance(made.left, ast.List) or isinstance(made.right, ast.List)
        return isinstance(made, ast.Call) and self.source.dotted(made.func).startswith("numpy.")

    def is_set(self, node: ast.AST | None, depth: int = 0) -> bool:
        """Whether an expression is a set, as far as the source shows."""
        if depth > _DEPTH:
            return False
        match node:
            case ast.Set() | ast.SetComp():
                return True
            case ast.Call(func=func):
                if self.source.dotted(func) in {"builtins.set", "builtins.frozenset"}:
                    return True
                return (
                    isinstance(func, ast.Attribute)
                    and func.attr in {"union", "intersection", "difference", "symmetric_difference", "copy"}
                    and self.is_set(func.value, depth + 1)
                )
            case ast.BinOp(left=left, op=ast.BitAnd() | ast.BitOr() | ast.BitXor() | ast.Sub(), right=right):
                return any(self.is_set(side, depth + 1) or _is_view(side) for side in (left, right))
            case ast.IfExp(body=body, orelse=orelse):
                return self.is_set(body, depth + 1) and self.is_set(orelse, depth + 1)
            case ast.NamedExpr(value=value):
                return self.is_set(value, depth + 1)
            case ast.Name():
                binding = self.source.latest(node)
                if binding is None:
                    return False
                if binding.value is not None:
                    return self.is_set(binding.value, depth + 1)
                return self._is_set_type(binding.annotation)
            case _:
                return False

    def _is_set_type(self, annotation: ast.expr | None) -> bool:
        if isinstance(annotation, ast.Subscript):
            annotation = annotation.value
        return self.source.dotted(annotation) in {
            "builtins.set", "builtins.frozenset", "typing.Set", "typing.FrozenSet", "typing.AbstractSet",
            "collections.abc.Set", "collections.abc.MutableSet",
        }  # fmt: skip


def _is_view(node: ast.expr) -> bool:
    """Whether an expression is `d.keys()` or `d.items()`: with an operator of sets it gives a set."""
    return isinstance(node, ast.Call) and method(node) in {"keys", "items"} and not node.args


def _within(node: ast.AST, statement: ast.stmt) -> bool:
    """Whether a node stands in the lines of a statement."""
    return statement.lineno <= getattr(node, "lineno", 0) <= (statement.end_lineno or 0)
