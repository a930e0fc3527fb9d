"""Design §2: rooms have floors, and a module imports its own room or a lower floor."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from package_source import Module, Package, write_package

import release_tasks

PACKAGE = Package(Path(release_tasks.__file__).parent)

FLOORS: Mapping[str, int] = {
    "errors.py": 0,
    "pytest_plugin.py": 0,  # runs in the user's pytest: imports nothing of ours
    "records": 1,
    "formats": 2,
    "config": 2,
    "policy": 3,
    "system": 4,
    "workers": 5,
    "signers": 5,
    "registries": 5,
    "stages": 6,
    "catalog.py": 7,
    "verbs": 8,
    "engine": 9,
    "__init__.py": 10,
    "__main__.py": 10,
}
# `import release_tasks` must stay cheap: everything above these floors comes through `__getattr__`.
_EAGER_IN_INIT = 1
_REBUILT = "most releases that are looked at have no report of a rebuild beside them"
# Imports inside functions, each with its reason: (module, imported package) -> reason.
LAZY: Mapping[tuple[str, str], str] = {
    ("config/readers.py", "difflib"): "only a misspelt word is looked up, and it compiles expressions",
    ("config/plain_yaml.py", "yaml"): "a run that has nothing to do has no policy to parse",
    (
        "engine/graph_commands.py",
        "release_tasks.stages.gate_policy",
    ): "a policy that was valid is not read again",
    ("engine/graph_commands.py", "release_tasks.verbs.freeze"): "only `freeze` writes a lock",
    ("engine/reporter.py", "release_tasks.engine.live_display"): (
        "brings rich, needed from the first executed step on a terminal"
    ),
    (
        "engine/reproduce_command.py",
        "release_tasks.verbs.fresh_environment",
    ): "only `--fresh-env` installs packages",
    (
        "engine/reproduce_command.py",
        "release_tasks.verbs.page",
    ): "only a release that has a page draws it anew",
    (
        "engine/setup_commands.py",
        "release_tasks.engine.document_report",
    ): "brings jinja2, needed only where documents are rendered",
    ("policy/decide.py", "release_tasks.policy.evidence_kinds"): "the seal, judged by every run, has its own",
    ("policy/decide.py", "release_tasks.policy.gates"): "the same: all other gates judge candidates",
    ("stages/own_schema.py", "release_tasks.policy.record_schema"): (
        "brings jsonschema, needed where a record of ours is written, not where it is read"
    ),
    ("system/gguf_file.py", "gguf"): "an extra, and only those who look into GGUF need it",
    ("system/launcher.py", "ctypes"): "only for prctl, and the launcher starts before every command",
    ("system/numeric_probe/sitecustomize.py", "*"): "runs in the user's process, which must start as it was",
    ("system/svg_chart.py", "matplotlib"): "an extra, and slow to import: only what draws needs it",
    ("system/svg_chart.py", "matplotlib.figure"): "the same",
    ("verbs/rebuild_diagnosis.py", "release_tasks.policy.recipe_lint"): "only a mismatch has suspects",
    ("verbs/rebuild_diagnosis.py", "release_tasks.system.compare_files"): (
        "brings numpy, needed when a rebuilt file differs"
    ),
    ("verbs/release_summary.py", "release_tasks.policy.rebuild_text"): _REBUILT,
    ("verbs/release_summary.py", "release_tasks.verbs.rebuild_evidence"): _REBUILT,
    ("verbs/release_summary.py", "release_tasks.verbs.verdict_table"): "only `--verbose` prints every gate",
    ("verbs/seal_evidence.py", "release_tasks.verbs.rebuild_evidence"): _REBUILT,
    ("verbs/verify.py", "release_tasks.system.git_tag"): "only --tag asks for a signature",
    ("verbs/verify.py", "release_tasks.system.yank_file"): "only where there is a mark to read",
    ("verbs/verify.py", "release_tasks.verbs.rebuild_evidence"): _REBUILT,
}
_WORDS_FOR_NOTHING = frozenset(
    {"base", "bases", "common", "commons", "helper", "helpers", "manager", "managers", "misc", "types", "util", "utils"}
)  # fmt: skip


def rooms(package: Package) -> Iterator[str]:
    for module in package.modules.values():
        if module.room not in FLOORS:
            yield module.at(1, f"{module.room} is no room of the design")


def names(package: Package) -> Iterator[str]:
    for module in package.modules.values():
        for part in module.parts:
            if part.lstrip("_").casefold() in _WORDS_FOR_NOTHING:
                yield module.at(1, f"{part} says nothing about what is inside")


def upward_imports(package: Package) -> Iterator[str]:
    """The package itself may be imported from everywhere: its `__init__` runs before any of its modules."""
    for module in package.modules.values():
        floor = FLOORS.get(module.room, -1)
        for item, other in package.own(module):
            if module.room == "__init__.py":
                lazy = item.for_types or item.function == "__getattr__"
                if not lazy and FLOORS.get(other.room, 99) > _EAGER_IN_INIT:
                    yield module.at(item.line, f"imports {other.name} outside __getattr__")
            elif other.room not in {module.room, "__init__.py"} and FLOORS.get(other.room, 99) >= floor:
                yield module.at(item.line, f"{module.room} imports {other.name}, which is no lower floor")


def upward_actions(package: Package) -> Iterator[str]:
    """`Step(run="module:function")` is an import that happens later; other tables of names have no floor."""
    for module in package.modules.values():
        for node in ast.walk(module.tree):
            if (
                not isinstance(node, ast.keyword)
                or node.arg != "run"
                or not isinstance(node.value, ast.Constant)
            ):
                continue
            other = package.modules.get(str(node.value.value).partition(":")[0])
            if (
                other
                and other.room != module.room
                and FLOORS.get(other.room, 99) >= FLOORS.get(module.room, -1)
            ):
                yield module.at(node.value.lineno, f"run names {other.name}, which is no lower floor")


def missing_functions(package: Package) -> Iterator[str]:
    for module in package.modules.values():
        for action, line in module.strings:
            if action.startswith(f"{package.name}.") and (problem := package.function(action)):
                yield module.at(line, problem)


def run_is_a_name(package: Package) -> Iterator[str]:
    for module in package.modules.values():
        known = {action for action, _ in module.strings}
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Step":
                for keyword in node.keywords:
                    value = keyword.value
                    if keyword.arg == "run" and not (
                        isinstance(value, ast.Constant) and value.value in known
                    ):
                        yield module.at(node.lineno, "run of a Step is not a plain 'module:function'")


def cycles(package: Package) -> Iterator[str]:
    """Depth first over the imports; every import that leads back into the path closes a cycle."""
    edges = {
        module.name: sorted({other.name for item, other in package.own(module) if not item.for_types})
        for module in package.modules.values()
    }
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> Iterator[str]:
        if name in path:
            yield " -> ".join((*path[path.index(name) :], name))
        elif name not in done:
            for other in edges[name]:
                yield from visit(other, (*path, name))
            done.add(name)

    for name in sorted(edges):
        yield from visit(name, ())


def lazy_imports(package: Package) -> Iterator[str]:
    for module in package.modules.values():
        for item in package.imports(module):
            names = {item.module, item.module.partition(".")[0], "*"}
            allowed = any((module.place, name) in LAZY for name in names)
            in_getattr = module.room == "__init__.py" and item.function == "__getattr__"
            if item.function and not allowed and not in_getattr:
                yield module.at(item.line, f"{item.function} imports {item.module} inside a function")


def doit_outside_the_engine(package: Package) -> Iterator[str]:
    for module in package.modules.values():
        for item in package.imports(module):
            if item.module.partition(".")[0] == "doit" and module.room != "engine":
                yield module.at(item.line, "imports doit outside the engine")


def missing_lazy_names(package: Package) -> Iterator[str]:
    """`__init__` names modules in a table that `__getattr__` imports from."""
    module = package.modules[package.name]
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if node.value.startswith(f"{package.name}.") and node.value not in package.modules:
            yield module.at(node.lineno, f"{node.value} is no module")


RULES = [
    rooms,
    names,
    upward_imports,
    upward_actions,
    missing_functions,
    missing_lazy_names,
    run_is_a_name,
    cycles,
    lazy_imports,
    doit_outside_the_engine,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_package_keeps(rule: object) -> None:
    assert callable(rule)
    assert list(rule(PACKAGE)) == []


BROKEN = {
    "rooms": (
        {"extras/a.py": "", "loose.py": ""},
        ["extras/a.py:1: extras is no room of the design", "loose.py:1: loose.py is no room of the design"],
    ),
    "names": (
        {"records/utils.py": "", "system/types/a.py": ""},
        [
            "records/utils.py:1: utils says nothing about what is inside",
            "system/types/a.py:1: types says nothing about what is inside",
        ],
    ),
    "upward_imports": (
        {
            "__init__.py": "from p.stages import plan\nif TYPE_CHECKING:\n    from p.engine import work\n"
            "def __getattr__(name):\n    from p.engine import work\n",
            "system/a.py": "import p\n",
            "records/a.py": "from p.stages import plan\nfrom p import errors\n",
            "formats/a.py": "import p.config.b\n",
            "config/b.py": "if TYPE_CHECKING:\n    from ..policy.c import d\n",
            "policy/c.py": "def later():\n    from p.stages.plan import x\n",
            "stages/plan.py": "",
            "errors.py": "",
            "engine/work.py": "",
        },
        [
            "__init__.py:1: imports p.stages.plan outside __getattr__",
            "config/b.py:2: config imports p.policy.c, which is no lower floor",
            "formats/a.py:1: formats imports p.config.b, which is no lower floor",
            "policy/c.py:2: policy imports p.stages.plan, which is no lower floor",
            "records/a.py:1: records imports p.stages.plan, which is no lower floor",
        ],
    ),
    "upward_actions": (
        {"stages/a.py": "Step(run='p.verbs.b:f')\nTABLE = 'p.verbs.b:f'\n", "verbs/b.py": "def f(): ...\n"},
        ["stages/a.py:1: run names p.verbs.b, which is no lower floor"],
    ),
    "missing_functions": (
        {
            "stages/a.py": "X = ('p.stages.b:f', 'p.stages.b:g', 'p.stages.c:f', 'other.module:f', 'p.stages.b:K')\n",
            "stages/b.py": "def f(): ...\nclass K: ...\nif True:\n    g = 1\n",
        },
        [
            "stages/a.py:1: p.stages.b:g names a function that does not exist",
            "stages/a.py:1: p.stages.c:f names a module that does not exist",
        ],
    ),
    "missing_lazy_names": (
        {"__init__.py": "_LAZY = {'A': 'p.a', 'B': 'p.b'}\n", "a.py": ""},
        ["__init__.py:1: p.b is no module"],
    ),
    "run_is_a_name": (
        {"stages/a.py": "Step(run=function)\nStep(run='no colon')\nStep(run='p.a:f')\n"},
        [
            "stages/a.py:1: run of a Step is not a plain 'module:function'",
            "stages/a.py:2: run of a Step is not a plain 'module:function'",
        ],
    ),
    "cycles": (
        {
            "system/a.py": "from p.system import b",
            "system/b.py": "def f():\n    import p.system.c",
            "system/c.py": "from .a import x",
            "system/d.py": "from p.system.a import x",
            "system/e.py": "if TYPE_CHECKING:\n    from p.system import f",
            "system/f.py": "from p.system import e",
        },
        ["p.system.a -> p.system.b -> p.system.c -> p.system.a"],
    ),
    "lazy_imports": (
        {
            "config/plain_yaml.py": "def f():\n    import yaml\n    import json\n",
            "engine/reporter.py": "class A:\n    def f(self):\n        from release_tasks.engine.live_display import X\n",
            "stages/a.py": "async def f():\n    if x:\n        import numpy\n",
        },
        [
            "config/plain_yaml.py:3: f imports json inside a function",
            "stages/a.py:3: f imports numpy inside a function",
        ],
    ),
    "doit_outside_the_engine": (
        {"engine/a.py": "import doit", "verbs/a.py": "from doit.task import Task", "verbs/b.py": "import doitall"},
        ["verbs/a.py:1: imports doit outside the engine"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_sees_its_violations_and_nothing_else(rule: object, tmp_path: Path) -> None:
    assert callable(rule)
    files, problems = BROKEN[getattr(rule, "__name__", "")]
    assert list(rule(write_package(tmp_path / "p", files))) == problems


def test_exceptions_are_still_needed() -> None:
    lazy = {
        (module.place, name)
        for module in PACKAGE.modules.values()
        for item in PACKAGE.imports(module)
        if item.function
        for name in (item.module, item.module.partition(".")[0], "*")
    }
    assert [key for key in LAZY if key not in lazy] == []


def test_relative_imports_are_resolved(tmp_path: Path) -> None:
    package = write_package(
        tmp_path / "p",
        {
            "a/__init__.py": "from . import b",
            "a/b.py": "from .c import d\nfrom .. import e\n",
            "a/c.py": "",
            "e.py": "",
        },
    )

    def imported(name: str) -> list[str]:
        module: Module = package.modules[name]
        return [other.name for _, other in package.own(module)]

    assert imported("p.a") == ["p.a.b"]
    assert imported("p.a.b") == ["p.a.c", "p.e"]
