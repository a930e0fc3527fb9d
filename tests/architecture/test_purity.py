"""Design §2: records, formats, config (but for load.py) and policy do not touch disk, network, clock or processes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from package_source import Module, Package, write_package

import release_tasks

PACKAGE = Package(Path(release_tasks.__file__).parent)

PURE_ROOMS = frozenset({"errors.py", "records", "formats", "config", "policy", "catalog.py"})
# Module and what it may call or import, * for everything; each with its reason.
EXCEPT = {
    ("config/load.py", "*"): "the one module of its room that opens files",
    ("formats/html_template.py", "read_text"): "reads the package's own templates, which are code",
    ("formats/performance_schema.py", "read_bytes"): "reads the package's own schema, which is code",
    ("formats/text_template.py", "read_text"): "reads the package's own templates, which are code",
}
_WORLD = frozenset(
    {
        "asyncio", "concurrent", "ctypes", "fcntl", "fileinput", "ftplib", "getpass", "glob", "http", "locale",
        "logging", "mmap", "multiprocessing", "os", "platform", "random", "requests", "secrets", "select",
        "shutil", "signal", "smtplib", "socket", "sqlite3", "ssl", "subprocess", "sys", "tempfile", "threading",
        "time", "urllib", "uuid", "webbrowser",
    }
)  # fmt: skip
_CALLS = frozenset({"open", "input", "print", "eval", "exec", "breakpoint", "__import__"})
_METHODS = frozenset(
    {
        "absolute", "chmod", "cwd", "exists", "expanduser", "glob", "hardlink_to", "home", "is_dir", "is_file",
        "is_mount", "is_symlink", "iterdir", "lstat", "mkdir", "now", "read_bytes", "read_text", "readlink",
        "rename", "resolve", "rglob", "rmdir", "samefile", "stat", "symlink_to", "today", "touch", "unlink",
        "utcnow", "write_bytes", "write_text",
    }
)  # fmt: skip


def _pure(package: Package) -> Iterator[Module]:
    for module in package.modules.values():
        if module.room in PURE_ROOMS and (module.place, "*") not in EXCEPT:
            yield module


def imports_of_the_world(package: Package) -> Iterator[str]:
    for module in _pure(package):
        for item in package.imports(module):
            if item.module.partition(".")[0] in _WORLD:
                yield module.at(item.line, f"a pure room imports {item.module}")


def calls_to_the_world(package: Package) -> Iterator[str]:
    """`x.open()` counts only where pathlib is imported: a parser may open and close brackets."""
    for module in _pure(package):
        paths = any(item.module == "pathlib" for item in package.imports(module))
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call):
                continue
            match node.func:
                case ast.Name(id=name) if name in _CALLS:
                    yield module.at(node.lineno, f"a pure room calls {name}()")
                case ast.Attribute(attr=name) if name in _METHODS or (paths and name == "open"):
                    if (module.place, name) in EXCEPT:
                        continue
                    yield module.at(node.lineno, f"a pure room calls .{name}()")


def module_state(package: Package) -> Iterator[str]:
    """Nothing in a pure room is remembered between calls: no `global`."""
    for module in _pure(package):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Global):
                yield module.at(node.lineno, f"a pure room has the global {', '.join(node.names)}")


RULES = [imports_of_the_world, calls_to_the_world, module_state]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_package_keeps(rule: object) -> None:
    assert callable(rule)
    assert list(rule(PACKAGE)) == []


BROKEN = {
    "imports_of_the_world": (
        {
            "records/a.py": "import os.path\nimport json\nfrom pathlib import Path\n",
            "policy/a.py": "def f():\n    from time import time\n",
            "config/load.py": "import os\n",
            "system/a.py": "import socket\n",
        },
        ["policy/a.py:2: a pure room imports time", "records/a.py:1: a pure room imports os.path"],
    ),
    "calls_to_the_world": (
        {
            "formats/a.py": "def f(x):\n    x.open()\n    return x.replace('a', 'b')\n",
            "formats/b.py": "from pathlib import Path\ndef f(x):\n    open(x)\n    x.open()\n    x.stat()\n",
            "config/load.py": "from pathlib import Path\ndef f(x): x.open()\n",
            "records/a.py": "import datetime\nWHEN = datetime.datetime.now()\n",
            "verbs/a.py": "print(open('x').read())\n",
        },
        [
            "formats/b.py:3: a pure room calls open()",
            "formats/b.py:4: a pure room calls .open()",
            "formats/b.py:5: a pure room calls .stat()",
            "records/a.py:2: a pure room calls .now()",
        ],
    ),
    "module_state": (
        {"records/a.py": "def f():\n    global seen\n    seen = 1\n", "system/a.py": "def f():\n    global x\n"},
        ["records/a.py:2: a pure room has the global seen"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_sees_its_violations_and_nothing_else(rule: object, tmp_path: Path) -> None:
    assert callable(rule)
    files, problems = BROKEN[getattr(rule, "__name__", "")]
    assert list(rule(write_package(tmp_path / "p", files))) == problems


def test_exceptions_are_still_needed() -> None:
    modules = {module.place: module for module in PACKAGE.modules.values()}
    called = [(place, f".{'open' if name == '*' else name}(") for place, name in EXCEPT]
    assert [place for place, call in called if call not in modules[place].text] == []


# The one module that talks to another machine itself; git and pip have connections of their own.
_SOCKETS = frozenset({"http", "socket", "ssl", "requests", "httpx", "aiohttp", "ftplib", "smtplib"})
_MAY_CONNECT = frozenset({"registries/github_http.py"})


def connections(package: Package) -> Iterator[str]:
    """R20: only publishing has a network, through one module; urllib.parse connects to nothing."""
    for module in package.modules.values():
        for item in package.imports(module):
            opens = item.module.partition(".")[0] in _SOCKETS or item.module.startswith("urllib.request")
            if opens and module.place not in _MAY_CONNECT:
                yield module.at(item.line, f"imports {item.module}: only publishing has a network")


def test_only_one_module_connects() -> None:
    assert list(connections(PACKAGE)) == []
    connecting = {
        module.place for module in PACKAGE.modules.values() if "import urllib.request" in module.text
    }
    assert connecting == _MAY_CONNECT


def test_module_that_connects_is_seen(tmp_path: Path) -> None:
    files = {
        "registries/github_http.py": "import http.client\nimport urllib.request\n",
        "verbs/a.py": "from urllib.parse import quote\nimport urllib.request\n",
        "system/b.py": "def f():\n    import socket\n",
    }
    assert list(connections(write_package(tmp_path / "p", files))) == [
        "system/b.py:2: imports socket: only publishing has a network",
        "verbs/a.py:2: imports urllib.request: only publishing has a network",
    ]
