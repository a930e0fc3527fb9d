"""Style: every module says in one sentence what lives there, modules and functions are short, nothing is dead."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from package_source import FunctionNode, Module, Package, write_package

import release_tasks

PACKAGE = Package(Path(release_tasks.__file__).parent)
PROJECT = PACKAGE.root.parent

_MODULE_LINES = 400
_FUNCTION_LINES = 60
# Modules that nothing names, each with the way in which it is used.
ALIVE = {
    "system/launcher.py": "run as a script by system/process.py, in a process of its own",
    "system/numeric_probe/sitecustomize.py": "its folder is put on PYTHONPATH; Python imports it by this name",
    "verbs/rebuild_own.py": "python -m of it, by verbs/rebuild_run.py: a step of our own in a varied process",
    "pytest_plugin.py": "the entry point pytest11 of pyproject.toml; pytest imports it",
    "__main__.py": "the console script of pyproject.toml, and python -m release_tasks",
}


def docstrings(package: Package) -> Iterator[str]:
    for module in package.modules.values():
        if not ast.get_docstring(module.tree):
            yield module.at(1, "no docstring")
        for name, node in _public(module.tree, ""):
            if not ast.get_docstring(node):
                yield module.at(node.lineno, f"{name} has no docstring")


def _public(
    parent: ast.Module | ast.ClassDef, prefix: str
) -> Iterator[tuple[str, FunctionNode | ast.ClassDef]]:
    for node in parent.body:
        if isinstance(
            node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        ) and not node.name.startswith("_"):
            if not any(ast.unparse(item).endswith(("overload", ".setter")) for item in node.decorator_list):
                yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from _public(node, f"{prefix}{node.name}.")


def future_annotations(package: Package) -> Iterator[str]:
    """A module that holds its docstring only needs no future."""
    for module in package.modules.values():
        body = module.tree.body[1:] if ast.get_docstring(module.tree) else module.tree.body
        if body and not (
            isinstance(body[0], ast.ImportFrom)
            and body[0].module == "__future__"
            and "annotations" in {alias.name for alias in body[0].names}
        ):
            yield module.at(body[0].lineno, "does not begin with from __future__ import annotations")


def _body_lines(node: FunctionNode) -> int:
    """Lines of a function without its signature and docstring."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return (node.end_lineno or node.lineno) - body[0].lineno + 1 if body else 0


def length(package: Package) -> Iterator[str]:
    for module in package.modules.values():
        lines = len(module.text.splitlines())
        if lines > _MODULE_LINES:
            yield module.at(1, f"{lines} lines, more than {_MODULE_LINES}")
        for name, node in module.functions:
            lines = _body_lines(node)
            if lines > _FUNCTION_LINES:
                yield module.at(node.lineno, f"{name} has {lines} lines, more than {_FUNCTION_LINES}")


def dead(package: Package, entry_points: frozenset[str] = frozenset()) -> Iterator[str]:
    """A module lives when another imports it, or names it as `module:function` or in the table of `__init__`."""
    modules = package.modules
    alive = {point.partition(":")[0] for point in entry_points}
    for module in modules.values():
        alive |= {other.name for _, other in package.own(module)}
        alive |= {
            action.partition(":")[0]
            for action, _ in module.strings
            if action.partition(":")[0] != module.name
        }
        if module.name == package.name:
            alive |= {str(node.value) for node in ast.walk(module.tree) if isinstance(node, ast.Constant)}
    for name, module in modules.items():
        if name not in alive and not module.is_init and module.place not in ALIVE:
            yield module.at(1, "nothing imports or names it")


RULES = [docstrings, future_annotations, length, dead]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_package_keeps(rule: object) -> None:
    assert callable(rule)
    assert list(rule(PACKAGE)) == []


BROKEN = {
    "docstrings": (
        {
            "a.py": "def f():\n    pass\n",
            "b.py": '"""B."""\nclass C:\n    def m(self): ...\n    def _p(self): ...\n',
            "c.py": '"""C."""\nclass _C:\n    def m(self): ...\ndef f():\n    """F."""\n    def inner(): ...\n',
        },
        [
            "a.py:1: no docstring",
            "a.py:1: f has no docstring",
            "b.py:2: C has no docstring",
            "b.py:3: C.m has no docstring",
        ],
    ),
    "future_annotations": (
        {
            "__init__.py": '"""Only words."""\n',
            "a.py": '"""A."""\nimport x\n',
            "b.py": '"""B."""\nfrom __future__ import annotations\nimport x\n',
            "c.py": "x = 1\n",
            "d.py": "",
        },
        [
            "a.py:2: does not begin with from __future__ import annotations",
            "c.py:1: does not begin with from __future__ import annotations",
        ],
    ),
    "length": (
        {
            "a.py": "x = 1\n" * 401,
            "b.py": "x = 1\n" * 400,
            "c.py": "class C:\n    def f(self):\n" + "        x = 1\n" * 61,
            "d.py": 'def g():\n    """G.\n\n    More.\n    """\n' + "    x = 1\n" * 60,
        },
        ["a.py:1: 401 lines, more than 400", "c.py:2: C.f has 61 lines, more than 60"],
    ),
    "dead": (
        {
            "__init__.py": "_LAZY = {'A': 'p.lazy'}",
            "__main__.py": "import p.used",
            "lazy.py": "",
            "used.py": "RUN = 'p.named:f'",
            "named.py": "",
            "dead.py": "RUN = 'p.dead:f'",
            "room/__init__.py": "",
        },
        ["dead.py:1: nothing imports or names it"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_sees_its_violations_and_nothing_else(rule: object, tmp_path: Path) -> None:
    assert callable(rule)
    files, problems = BROKEN[getattr(rule, "__name__", "")]
    assert list(rule(write_package(tmp_path / "p", files))) == problems


def test_entry_points_of_the_project_exist() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    scripts, plugins = project["scripts"], project["entry-points"]["pytest11"]
    assert [problem for place in scripts.values() if (problem := PACKAGE.function(place))] == []
    assert [place for place in plugins.values() if place not in PACKAGE.modules] == []


def test_modules_that_nothing_names_are_still_there() -> None:
    places = {module.place for module in PACKAGE.modules.values()}
    assert [place for place in ALIVE if place not in places] == []


def test_every_room_has_its_sentence() -> None:
    inits: list[Module] = [module for module in PACKAGE.modules.values() if module.is_init]
    assert [module.place for module in inits if not ast.get_docstring(module.tree)] == []
