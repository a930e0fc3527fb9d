"""What a command in the sandbox sees, and why there may be none."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from release_tasks.system import sandbox
from release_tasks.system.environment import PROBE_FOLDER

needs_bwrap = pytest.mark.skipif(sandbox.why_not() is not None, reason=str(sandbox.why_not()))


def run(
    tmp_path: Path,
    argv: list[str],
    *,
    root: Path | None = None,
    shown: Iterable[tuple[Path, str]] = (),
    outside: Iterable[Path] = (),
    env: dict[str, str] | None = None,
    network: bool = False,
) -> subprocess.CompletedProcess[str]:
    for name in ("work", "report"):
        (tmp_path / name).mkdir(exist_ok=True)
    with sandbox.sandboxed(
        argv,
        root=root or tmp_path,
        work=tmp_path / "work",
        report=tmp_path / "report",
        probe=PROBE_FOLDER,
        shown=shown,
        outside=outside,
        env={"PATH": "/usr/bin:/bin"} | (env or {}),
        network=network,
    ) as (line, descriptors):
        return subprocess.run(line, pass_fds=descriptors, capture_output=True, text=True, check=False, env={})


@pytest.fixture
def fresh() -> Iterator[None]:
    sandbox.why_not.cache_clear()
    yield
    sandbox.why_not.cache_clear()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system is the reason")
def test_a_missing_bubblewrap_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, fresh: None, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert sandbox.why_not() == "bubblewrap is not installed"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system is the reason")
def test_a_bubblewrap_that_does_not_work_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, fresh: None, tmp_path: Path
) -> None:
    (tmp_path / "bwrap").write_text(
        "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2; exit 1\n"
    )
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert sandbox.why_not() == (
        "bubblewrap does not work here (bwrap: No permissions to create new namespace)"
    )


@needs_bwrap
def test_the_environment_is_exactly_what_is_given(tmp_path: Path) -> None:
    done = run(tmp_path, ["env"], env={"A": "1", "EMPTY": ""})
    assert sorted(done.stdout.split()) == ["A=1", "EMPTY=", "PATH=/usr/bin:/bin", "PWD=/build"]


@needs_bwrap
def test_names_are_the_same_everywhere(tmp_path: Path) -> None:
    done = run(tmp_path, ["sh", "-c", "pwd; id -un; id -u; uname -n; ls -A /home/build /build; ls -A /tmp"])
    head = "/build\nbuild\n1000\nsandbox\n/build:\n\n/home/build:\n"
    assert done.stdout.startswith(head)
    # An interpreter that lives below /tmp, as in a clone made there, leaves the way to itself in sight.
    places = [Path(place) for place in (sys.prefix, sys.base_prefix)]
    way = {place.relative_to("/tmp").parts[0] for place in places if place.is_relative_to("/tmp")}
    assert set(done.stdout.removeprefix(head).split()) == way


@needs_bwrap
def test_only_the_working_and_the_report_folder_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "in").write_text("x")
    code = "touch here /report/r /tmp/t && for f in /usr/x /probe/x /etc/x /x data; do touch $f 2>/dev/null && echo $f; done; true"
    done = run(tmp_path, ["sh", "-c", code], shown=[(tmp_path / "in", "data")])
    assert (done.returncode, done.stdout) == (0, "")
    assert sorted(path.name for path in (tmp_path / "work").iterdir()) == ["data", "here"]
    assert (tmp_path / "in").read_text() == "x"


@needs_bwrap
def test_links_and_outside_files_are_read_at_their_declared_names(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache/blob").write_text("weights")
    (tmp_path / "link").symlink_to("cache/blob")
    done = run(
        tmp_path,
        ["cat", "model", str(tmp_path / "link")],
        root=Path("/elsewhere"),
        shown=[(tmp_path / "link", "model")],
        outside=[tmp_path / "link"],
    )
    assert done.stdout == "weightsweights"


@needs_bwrap
def test_there_is_no_network_unless_it_is_allowed(tmp_path: Path) -> None:
    assert run(tmp_path, ["ls", "/sys/class/net"]).returncode != 0
    count = ["sh", "-c", "tail -n +3 /proc/net/dev | wc -l"]
    assert run(tmp_path, count).stdout == "1\n"
    assert run(tmp_path, count, network=True).stdout == f"{len(list(Path('/sys/class/net').iterdir()))}\n"


@needs_bwrap
def test_the_interpreter_runs_and_the_project_around_it_is_out_of_sight(tmp_path: Path) -> None:
    code = "import sys, numpy, pathlib; print(pathlib.Path(sys.argv[1]).exists(), sys.prefix)"
    project = Path(sys.prefix).parent
    done = run(tmp_path, [sys.executable, "-c", code, str(project / "pyproject.toml")], root=project)
    assert (done.stderr, done.stdout) == ("", f"False {sys.prefix}\n")


@needs_bwrap
@pytest.mark.parametrize("inside", [False, True], ids=["elsewhere", "inside-the-project"])
def test_this_package_is_in_sight_wherever_it_lies(
    *, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: bool
) -> None:
    """An editable install has its entry points in the prefix and its code beside; pytest imports its plugin."""
    checkout = tmp_path / ("project" if inside else "checkout")
    package = checkout / "release_tasks"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "pytest_plugin.py").write_text("print('found')")
    (checkout / "secret").write_text("x")
    (tmp_path / "project").mkdir(exist_ok=True)
    monkeypatch.setattr(sandbox.release_tasks, "__file__", str(package / "__init__.py"))
    code = "import os, sys; sys.path.insert(0, sys.argv[1]); import release_tasks.pytest_plugin; print(os.listdir(sys.argv[1]))"
    command = [sys.executable, "-S", "-c", code, str(checkout)]
    done = run(tmp_path, command, root=tmp_path / "project")
    assert (done.stderr, done.stdout) == ("", "found\n['release_tasks']\n")


@needs_bwrap
def test_the_package_that_runs_stands_where_another_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command has no PYTHONPATH of ours: it finds what is installed, and that must be what judges it."""
    for folder, said in (("running", "this"), ("installed", "another")):
        package = tmp_path / folder / "release_tasks"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(f"print({said!r})")
    (tmp_path / "installed" / "secret").write_text("x")
    (tmp_path / "project").mkdir()
    monkeypatch.setattr(
        sandbox.release_tasks, "__file__", str(tmp_path / "running/release_tasks/__init__.py")
    )
    monkeypatch.syspath_prepend(tmp_path / "installed")
    code = "import os, sys; sys.path.insert(0, sys.argv[1]); import release_tasks; print(os.listdir(sys.argv[1]))"
    command = [sys.executable, "-S", "-c", code, str(tmp_path / "installed")]
    done = run(tmp_path, command, root=tmp_path / "project")
    assert (done.stderr, done.stdout) == ("", "this\n['release_tasks']\n")


@needs_bwrap
def test_a_project_below_a_shown_prefix_is_covered(tmp_path: Path) -> None:
    project = Path(np.__file__).parent
    done = run(tmp_path, ["ls", "-A", str(project)], root=project)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_the_answer_depends_on_is_stable_and_names_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer of `why_not` is remembered under this text: another process here must find it again."""
    here = sandbox.conditions()
    line = "from release_tasks.system.sandbox import conditions; print(conditions())"
    done = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True)
    assert done.stdout == f"{here}\n"
    program = tmp_path / "bwrap"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    other = sandbox.conditions()
    assert other != here
    program.write_text("#!/bin/sh\nexit 10\n")
    assert sandbox.conditions() != other
    program.unlink()
    assert sandbox.conditions() == "linux None"
