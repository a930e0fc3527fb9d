"""A package as the architecture tests see it: its modules, what they import and from where, by their syntax."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_ACTION = re.compile(r"[A-Za-z_][\w]*(?:\.\w+)+:[A-Za-z_]\w*", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Import:
    """One imported name: its module in full, the line, the function that it stands in, if any.

    `for_types`: it stands under TYPE_CHECKING.
    """

    module: str
    line: int
    function: str | None
    for_types: bool = False


@dataclass(frozen=True)
class Module:
    """One file of a package; `name` is its dotted name, `parts` the names below the package."""

    package: str
    parts: tuple[str, ...]
    path: Path

    @property
    def name(self) -> str:
        return ".".join((self.package, *self.parts))

    @property
    def place(self) -> str:
        """How problems name the file."""
        tail = (*self.parts, "__init__") if self.is_init else self.parts
        return "/".join(tail) + ".py"

    @property
    def is_init(self) -> bool:
        return self.path.name == "__init__.py"

    @property
    def room(self) -> str:
        """The folder below the package, or the file itself for one at the top."""
        if len(self.parts) > 1 or (self.parts and self.is_init):
            return self.parts[0]
        return f"{self.parts[0] if self.parts else '__init__'}.py"

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def strings(self) -> tuple[tuple[str, int], ...]:
        """Every constant of the form `module:function` with its line."""
        return tuple(
            (node.value, node.lineno)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and _ACTION.fullmatch(node.value)
        )

    @cached_property
    def functions(self) -> tuple[tuple[str, FunctionNode], ...]:
        """Every function and method with its dotted name inside the module."""
        return tuple(_functions(self.tree, ""))

    def at(self, line: int, message: str) -> str:
        return f"{self.place}:{line}: {message}"


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, FunctionNode]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _FUNCTIONS):
            yield prefix + child.name, child
        inner = f"{prefix}{child.name}." if isinstance(child, (*_FUNCTIONS, ast.ClassDef)) else prefix
        yield from _functions(child, inner)


class Package:
    """All modules below a folder, by dotted name."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.name = root.name
        found = (self._module(path) for path in sorted(root.rglob("*.py")))
        self.modules = {module.name: module for module in found}

    def _module(self, path: Path) -> Module:
        *folders, name = path.relative_to(self.root).with_suffix("").parts
        return Module(self.name, tuple(folders if name == "__init__" else (*folders, name)), path)

    def imports(self, module: Module) -> tuple[Import, ...]:
        """Everything that a module imports, inside functions and under TYPE_CHECKING as well."""
        return tuple(self._imports(module, module.tree, None, for_types=False))

    def _imports(
        self, module: Module, node: ast.AST, function: str | None, *, for_types: bool
    ) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            for name, line in self._imported(module, child):
                yield Import(module=name, line=line, function=function, for_types=for_types)
            inside = child.name if isinstance(child, _FUNCTIONS) else function
            types = for_types or (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING")
            yield from self._imports(module, child, inside, for_types=types)

    def _imported(self, module: Module, node: ast.AST) -> Iterator[tuple[str, int]]:
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = self._base(module, node)
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                yield (whole if whole in self.modules else base), node.lineno

    @staticmethod
    def _base(module: Module, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        up = len(module.parts) + 1 - node.level + (1 if module.is_init else 0)
        parts = (module.package, *module.parts)[:up]
        return ".".join((*parts, node.module) if node.module else parts)

    def own(self, module: Module) -> Iterator[tuple[Import, Module]]:
        """The imports of a module that name another module of this package."""
        for item in self.imports(module):
            other = self.modules.get(item.module)
            if other is not None and other is not module:
                yield item, other

    def function(self, action: str) -> str | None:
        """Say what is wrong with `module:function`, None when it exists at the top of that module."""
        name, _, function = action.partition(":")
        module = self.modules.get(name)
        if module is None:
            return f"{action} names a module that does not exist"
        kinds = (*_FUNCTIONS, ast.ClassDef)
        if any(isinstance(node, kinds) and node.name == function for node in module.tree.body):
            return None
        return f"{action} names a function that does not exist"


def write_package(root: Path, files: dict[str, str]) -> Package:
    """Make a small package for a test of a rule: every text gets the head that the rules of shape want."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Package(root)
