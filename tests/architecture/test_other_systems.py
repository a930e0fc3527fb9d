"""Windows and macOS by proxy: every module imports, and a download verifies, where POSIX's own parts are taken away."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.fakes.other_systems import not_to_be_had
from tests.fakes.small_project import small_project

# What Python has on POSIX only (the library reference: "Availability: Unix"), as far as a release tool may want it.
MODULES = (
    "crypt",
    "curses",
    "fcntl",
    "grp",
    "nis",
    "posix",
    "pty",
    "pwd",
    "readline",
    "resource",
    "spwd",
    "syslog",
    "termios",
    "tty",
)
FUNCTIONS = (
    "chown", "chroot", "confstr", "fchdir", "fchown", "fork", "forkpty", "getegid", "geteuid", "getgid", "getgroups",
    "getloadavg", "getpgid", "getpgrp", "getpriority", "getresuid", "getsid", "getuid", "getxattr", "initgroups", "killpg",
    "lchown", "listxattr", "lockf", "mkfifo", "mknod", "nice", "openpty", "pathconf", "pipe2", "posix_fadvise",
    "posix_fallocate", "posix_spawn", "pread", "preadv", "pwrite", "readv", "register_at_fork", "removexattr",
    "sched_getaffinity", "sched_setaffinity", "sched_yield", "sendfile", "setegid", "seteuid", "setgid", "setgroups",
    "setpgid", "setpriority", "setsid", "setuid", "setxattr", "statvfs", "sync", "sysconf", "tcgetpgrp", "ttyname",
    "uname", "wait", "wait3", "wait4", "waitid", "writev",
)  # fmt: skip
FLAGS = ("O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "O_PATH", "O_SYNC", "O_TMPFILE", "POSIX_FADV_DONTNEED", "WNOHANG")  # fmt: skip
SIGNALS = ("SIGALRM", "SIGCHLD", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGUSR1", "SIGUSR2", "setitimer", "alarm", "pthread_sigmask")  # fmt: skip

# Third-party packages are imported before anything is taken away: they know the systems that they support.
CHILD = """
import builtins, importlib, json, os, pkgutil, signal, sys, types

import release_tasks
names = sorted(
    module.name
    for module in pkgutil.walk_packages(release_tasks.__path__, "release_tasks.")
    if not module.name.endswith(("__main__", "launcher", "sitecustomize"))
)
for name in names:
    importlib.import_module(name)

taken = json.loads(sys.argv[1])
for name in [name for name in sys.modules if name.partition(".")[0] == "release_tasks"]:
    del sys.modules[name]
for name in taken["modules"]:
    sys.modules[name] = None
for name in taken["functions"] + taken["flags"]:
    if hasattr(os, name):
        delattr(os, name)
for name in taken["signals"]:
    if hasattr(signal, name):
        delattr(signal, name)
if taken["platform"] == "win32":
    sys.modules["msvcrt"] = types.SimpleNamespace(
        LK_NBLCK=2, LK_LOCK=1, LK_UNLCK=0, locking=lambda fd, mode, size: None
    )
sys.platform = taken["platform"]

failed = {}
for name in names:
    try:
        importlib.import_module(name)
    except BaseException as error:
        failed[name] = f"{type(error).__name__}: {error}"
try:
    importlib.import_module("fcntl")
    os.fork
except (ImportError, AttributeError):
    gone = True
else:
    gone = False
print(json.dumps({"modules": len(names), "failed": failed, "gone": gone}))
"""
VERIFY = """
from release_tasks.engine.main import run
for path in sys.argv[2:]:
    code = run(["verify", path, "--full"])
    if code:
        sys.exit(code)
"""


def taken_away(platform: str) -> str:
    """What another system has not, as the child reads it; macOS is POSIX without Linux's own."""
    if platform == "win32":
        return json.dumps(
            {
                "platform": platform,
                "modules": MODULES,
                "functions": FUNCTIONS,
                "flags": FLAGS,
                "signals": SIGNALS,
            }
        )
    functions = [
        "sched_getaffinity",
        "sched_setaffinity",
        "posix_fadvise",
        "posix_fallocate",
        "pipe2",
        "getxattr",
        "setxattr",
    ]
    return json.dumps(
        {
            "platform": platform,
            "modules": [],
            "functions": functions,
            "flags": ["O_PATH", "O_TMPFILE", "POSIX_FADV_DONTNEED"],
            "signals": [],
        }
    )


def run_child(code: str, *args: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-c", textwrap.dedent(code), *args]
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.skipif(sys.platform != "linux", reason="takes away what Linux has")
@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_every_module_imports(platform: str) -> None:
    """K13: the product can be imported where its classifiers say that it runs."""
    done = run_child(CHILD, taken_away(platform))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["failed"] == {}
    assert found["modules"] > 200
    assert found["gone"] is (platform == "win32")


@pytest.mark.skipif(sys.platform != "linux", reason="takes away what Linux has")
@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_download_verifies(platform: str, tmp_path: Path) -> None:
    """R15, R20: what a person with another system does with a release."""
    small_project(tmp_path).run_up_to("bundle:zip")
    paths = [str(tmp_path / "release/1.0.0"), *map(str, sorted((tmp_path / "release").glob("*.zip")))]
    done = run_child(CHILD + VERIFY, taken_away(platform), *paths)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("consistent, origin unproven") == len(paths) >= 1


def _plain() -> None:
    assert len("pure") == 4


def _makes_links(folder: Path) -> None:
    """Talks of chmod and /proc/ in its docstring only."""
    (folder / "a").symlink_to("b")


def _by_another(folder: Path) -> None:
    _makes_links(folder)


def _looks_at_linux() -> str:
    return Path("/proc/self/status").read_text()


def test_what_a_test_uses_decides_where_it_runs() -> None:
    """K13: a part that needs Linux skips elsewhere, with the reason; what a test calls in its module counts."""
    links = "uses symbolic links, which Windows does not let everybody make"
    linux = "uses a file system of Linux"
    found = {
        test.__name__: (
            not_to_be_had(test, "win32"),
            not_to_be_had(test, "darwin"),
            not_to_be_had(test, "linux"),
        )
        for test in (_plain, _makes_links, _by_another, _looks_at_linux)
    }
    assert found == {
        "_plain": (None, None, None),
        "_makes_links": (links, None, None),
        "_by_another": (links, None, None),
        "_looks_at_linux": (linux, linux, None),
    }


def test_modules_of_tests_import_nothing_of_posix_alone() -> None:
    """A test can skip, a module that does not import cannot."""
    tests = Path(__file__).parents[1]
    found = [
        path.relative_to(tests).as_posix()
        for path in sorted(tests.rglob("*.py"))
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        and {getattr(node, "module", None), *(alias.name for alias in node.names)} & set(MODULES)
    ]
    assert found == []
