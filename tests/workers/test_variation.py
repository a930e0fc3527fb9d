"""What a command sees when its surroundings are varied: other things, each alone, and the same numbers."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Literal

import pytest

from release_tasks.errors import CommandFailed
from release_tasks.records.variation import ASPECTS, DEFAULT
from release_tasks.system import sandbox
from release_tasks.system.environment import resolve_profile
from release_tasks.system.variation import Variation, unavailable
from release_tasks.system.varied import vary
from release_tasks.workers.local import LocalWorker
from release_tasks.workers.protocol import CommandResult, UserCommand

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
BOXED = pytest.param(
    "auto", marks=pytest.mark.skipif(sandbox.why_not() is not None, reason=str(sandbox.why_not()))
)
BOTH = pytest.mark.parametrize("box", [BOXED, "off"])
needs_v3 = pytest.mark.skipif(resolve_profile("auto") != "v3", reason="needs a CPU of the profile v3")
Box = Literal["auto", "off"]
DATA = tuple(f"data/{name}" for name in "abcdef")

SEE = r"""
import ctypes, json, locale, os, pwd, socket, subprocess, sys, time

def account():
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return None

def stack():
    maps = subprocess.run(["cat", "/proc/self/maps"], capture_output=True, text=True).stdout
    return [line.split()[0] for line in maps.splitlines() if line.endswith("[stack]")]

malloc = ctypes.CDLL(None).malloc
malloc.restype, malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
fresh = {ctypes.string_at(malloc(5000), 16).hex() for _ in range(2)}
umask = os.umask(0); os.umask(umask)
open("now", "w").close()
seen = {
    "cwd": os.getcwd(), "home": os.path.expanduser("~"), "user": [os.getuid(), os.getgid(), account()],
    "hostname": socket.gethostname(), "zone": [time.tzname[0], time.timezone],
    "locale": locale.setlocale(locale.LC_ALL, ""), "umask": umask, "hash": hash("release"),
    "cpus": sorted(os.sched_getaffinity(0)), "list": [os.listdir("."), os.listdir("data")],
    "days": round((time.time() - os.stat("now").st_mtime) / 86400), "fixed": stack() == stack(),
    "fresh": sorted(fresh) if fresh <= {"aa" * 16, "55" * 16} else None, "environment": dict(os.environ),
}
json.dump(seen, open("seen.json", "w"))
"""
# Which of those values differ, and which variables, when one thing is varied.
EFFECTS: dict[str, tuple[set[str], set[str]]] = {
    "path": ({"cwd"}, {"PWD"}),
    "home": ({"home"}, {"HOME"}),
    "user": ({"user"}, {"LOGNAME", "USER"}),
    "hostname": ({"hostname"}, set()),
    "timezone": ({"zone"}, {"TZ"}),
    "locale": ({"locale"}, {"LANG", "LC_ALL", "LANGUAGE"}),
    "umask": ({"umask"}, set()),
    "hash-seed": ({"hash"}, {"PYTHONHASHSEED"}),
    "cpus": ({"cpus"}, set()),
    "directory-order": ({"list"}, set()),
    "clock": ({"days"}, {"LD_PRELOAD", "FAKETIME", "FAKETIME_SHARED", "DONT_FAKE_MONOTONIC", "NO_FAKE_STAT"}),
    "still-clock": (
        {"days"},
        {"LD_PRELOAD", "FAKETIME", "FAKETIME_SHARED", "DONT_FAKE_MONOTONIC", "NO_FAKE_STAT"},
    ),
    "aslr": ({"fixed"}, set()),
    "malloc": ({"fresh"}, {"MALLOC_PERTURB_", "PYTHONMALLOC"}),
    "hostile-environment": (set(), set()),
    "cpu-features": (
        set(),
        {"OPENBLAS_CORETYPE", "NPY_ENABLE_CPU_FEATURES", "GLIBC_TUNABLES", "MKL_CBWR"},
    ),
}


def project_at(root: Path) -> Path:
    (root / "data").mkdir(parents=True)
    for name in DATA:
        (root / name).write_text(f"{name}\n")
    return root


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return project_at(tmp_path / "project")


def run(root: Path, code: str, *, box: Box, variation: Variation | None, **fields: Any) -> CommandResult:
    (root / "step.py").write_text(code)
    command = UserCommand(
        name="train",
        root=root,
        argv=("python", "step.py"),
        log=root / ".release/logs/train.log",
        staging=root / ".release/staging/train",
        **{"reads": ("step.py", *DATA), "writes": ("seen.json",)} | fields,
    )
    return LocalWorker(sandbox=box, variation=variation).run(command)


def seen(root: Path, box: Box, variation: Variation | None, **fields: Any) -> dict[str, Any]:
    result = run(root, SEE, box=box, variation=variation, **fields)
    found: dict[str, Any] = json.loads(result.produced[0][1].read_bytes())
    return found


def needs(names: frozenset[str], box: Box) -> None:
    if missing := unavailable(names, boxed=box == "auto"):
        pytest.skip("; ".join(f"{name}: {why}" for name, why in missing))


def left_behind(root: Path) -> list[str]:
    """Mounts and mirrors that name the project."""
    mounts = [line for line in Path("/proc/self/mounts").read_text().splitlines() if str(root) in line]
    done = subprocess.run(["pgrep", "-af", "disorderfs"], capture_output=True, text=True, check=False)
    return mounts + [line for line in done.stdout.splitlines() if str(root) in line]


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What an ordinary command sees, at the path where the others run."""
    found = {}
    for box in ("auto", "off"):
        root = project_at(tmp_path_factory.mktemp("ordinary") / "project")
        found[box] = seen(root, box, None)  # type: ignore[arg-type]
        found[box]["root"] = str(root)
    return found


@BOTH
@pytest.mark.parametrize("name", ASPECTS)
def test_a_variation_is_seen_and_nothing_else_is_other(
    tmp_path: Path, box: Box, name: str, ordinary: dict[str, dict[str, Any]]
) -> None:
    needs(frozenset({name}), box)
    usual = dict(ordinary[box])
    root = usual.pop("root")
    found = seen(project_at(tmp_path / "project"), box, Variation(names=frozenset({name})))
    text = json.dumps(found).replace(
        str(tmp_path / "project"), root
    )  # without a sandbox, paths are real ones
    found = json.loads(text)
    before, after = usual.pop("environment"), found.pop("environment")
    values, variables = EFFECTS[name]
    assert {key for key in usual if usual[key] != found[key]} == values
    differ = {key for key in before | after if before.get(key) != after.get(key)}
    assert differ == variables


@BOTH
def test_each_listing_is_the_usual_one_reversed(project: Path, box: Box) -> None:
    needs(frozenset({"directory-order"}), box)
    usual = seen(project, box, None)["list"]
    reverse = seen(project, box, Variation(names=frozenset({"directory-order"})))["list"]
    assert [names[::-1] for names in reverse] == usual
    falling = seen(project, box, Variation(names=frozenset({"directory-order"}), round=2))["list"]
    assert [sorted(names, reverse=True) for names in falling] == falling


@BOTH
def test_waiting_works_under_another_clock(project: Path, box: Box) -> None:
    """Versions of faketime break one way of waiting or the other; here none may fail, or wait for a year."""
    needs(frozenset({"clock"}), box)
    code = """if True:
    import asyncio, queue, select, subprocess, threading, time
    began = time.monotonic()
    time.sleep(0.01), asyncio.run(asyncio.sleep(0.01)), select.select([], [], [], 0.01)
    threading.Event().wait(0.01), threading.Lock().acquire(timeout=0.01)
    try:
        queue.Queue().get(timeout=0.01)
    except queue.Empty:
        pass
    try:
        subprocess.run(["sleep", "5"], timeout=0.01)
    except subprocess.TimeoutExpired:
        pass
    try:
        time.sleep(-1)
    except ValueError as error:
        print(error)
    print(0.06 <= time.monotonic() - began < 4)
    open("seen.json", "w")
    """
    run(project, code, box=box, variation=Variation(names=frozenset({"clock"})), timeout_s=60)
    assert (project / ".release/logs/train.log").read_text() == "sleep length must be non-negative\nTrue\n"


GEMM = """
import hashlib, json, os
import numpy as np
numbers = np.random.default_rng(7)
a, b = (numbers.standard_normal((257, 257)).astype(np.float32) for _ in range(2))
bytes_ = (np.exp(np.sin(a @ b)) @ a).tobytes()
folder = sorted(os.listdir("data"))
json.dump([hashlib.sha256(bytes_).hexdigest(), folder, os.environ["SOURCE_DATE_EPOCH"]], open("seen.json", "w"))
"""


MOMENTS = """import json, time
json.dump([time.time_ns(), time.time_ns(), time.strftime("%F %T")], open("seen.json", "w"))
"""


@BOTH
@pytest.mark.parametrize("names", [{"still-clock"}, {"still-clock", "clock"}])
def test_a_clock_that_stands_still_shows_every_run_the_same_moment(
    project: Path, box: Box, names: set[str]
) -> None:
    needs(frozenset(names), box)
    variation = Variation(names=frozenset(names))
    runs = [run(project, MOMENTS, box=box, variation=variation) for _ in range(2)]
    first, again = (json.loads(done.produced[0][1].read_bytes()) for done in runs)
    assert first == again
    assert first[0] == first[1]
    assert first[2] == "2031-02-03 04:05:06"


@needs_v3
@BOTH
def test_products_have_the_same_bytes_under_everything_at_once(project: Path, box: Box) -> None:
    digests = set()
    for variation in (None, Variation(), Variation(round=2)):
        result = run(project, GEMM, box=box, variation=variation, profile="v3", seed=1)
        assert (result.numeric.status, result.numeric.architecture, result.numeric.threads) == (
            "checked",
            "Haswell",
            1,
        )
        digests.add(hashlib.sha256(result.produced[0][1].read_bytes()).hexdigest())
        missing = dict(unavailable(DEFAULT, boxed=result.hermetic)) if variation else {}
        assert set(result.varied) == (DEFAULT - missing.keys() if variation else set())
        assert dict(result.not_varied) == missing
    assert len(digests) == 1


@needs_v3
@BOTH
def test_another_cpu_is_played_when_it_is_named_and_the_report_says_so(project: Path, box: Box) -> None:
    needs(frozenset({"cpu-features"}), box)
    variation = Variation(names=frozenset({"cpu-features"}))
    result = run(project, GEMM, box=box, variation=variation, profile="v3")
    numeric = result.numeric
    assert (numeric.profile, numeric.status) == ("none", "not-applicable")
    assert (numeric.architecture, numeric.threads) == ("Nehalem", 1)
    assert not {"AVX2", "FMA3", "X86_V3"} & set(numeric.features)
    assert result.varied == ("cpu-features",)


@BOTH
def test_hostile_variables_never_reach_the_command(
    project: Path, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "wanted.invalid:3128")
    names = frozenset({"hostile-environment"})
    usual = seen(project, box, None, pass_=("http_proxy", "GZIP"), profile="v3")["environment"]
    found = seen(project, box, Variation(names=names), pass_=("http_proxy", "GZIP"), profile="v3")
    assert found["environment"] == usual
    assert usual["http_proxy"] == "wanted.invalid:3128"
    hostile = dict(vary(names, 1).ambient)
    reached = [name for name, value in hostile.items() if found["environment"].get(name) == value]
    assert reached == []


@BOTH
def test_what_cannot_be_varied_is_said_and_the_rest_is(
    project: Path, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "release_tasks.workers.local.unavailable", lambda _names, **_options: (("clock", "no tool"),)
    )
    result = run(project, SEE, box=box, variation=Variation(names=frozenset({"clock", "timezone"})))
    assert (result.varied, result.not_varied) == (("timezone",), (("clock", "no tool"),))
    assert json.loads(result.produced[0][1].read_bytes())["days"] == 0


@BOTH
@pytest.mark.parametrize("round_", [1, 2])
def test_outputs_have_the_modes_of_an_ordinary_run(project: Path, box: Box, round_: int) -> None:
    code = "import os\nopen('plain', 'w').close(); open('tool', 'w').close(); os.chmod('tool', 0o777 & ~MASK)"
    writes = ("plain", "tool", "bare/of/rights")
    code += "; os.close(os.open('bare/of/rights', os.O_CREAT | os.O_WRONLY, 0o444))"
    modes = []
    for mask, variation in ((0o022, None), (0o077, Variation(names=frozenset({"umask"}), round=round_))):
        result = run(project, code.replace("MASK", oct(mask)), box=box, variation=variation, writes=writes)
        modes.append([oct(path.stat().st_mode) for _name, path in result.produced])
    assert modes[0] == modes[1] == ["0o100644", "0o100755", "0o100444"]


@BOTH
def test_undeclared_reads_are_found_all_the_same(project: Path, box: Box) -> None:
    (project / "conf.json").write_text("{}")
    with pytest.raises(CommandFailed) as caught:
        run(
            project,
            "open('conf.json'); open('seen.json', 'w')",
            box=box,
            variation=Variation(),
            reads=("step.py",),
        )
    assert str(caught.value).splitlines()[:2] == [
        "step train read 1 undeclared file",
        "  found: conf.json",
    ]
    assert left_behind(project) == []


@BOTH
@pytest.mark.parametrize(
    ("code", "limit_s", "said"),
    [
        ("open('seen.json', 'w')", None, None),
        ("import sys; sys.exit(3)", None, "step train failed with exit code 3"),
        ("import os; os.kill(os.getpid(), 9)", None, "step train was killed by SIGKILL"),
        ("import time; time.sleep(60)", 0.5, "step train was stopped at its time limit"),
    ],
    ids=["success", "failure", "signal", "time limit"],
)
def test_nothing_is_left_behind(project: Path, box: Box, code: str, limit_s: float | None, said: str) -> None:
    shared = set(Path("/dev/shm").iterdir())
    if said is None:
        run(project, code, box=box, variation=Variation())
        LocalWorker().cleanup(project / ".release/staging/train")
    else:
        with pytest.raises(CommandFailed, match=said):
            run(project, code, box=box, variation=Variation(), timeout_s=limit_s)
    assert left_behind(project) == []
    assert not (project / ".release/staging/train").exists()
    assert {
        path.name for path in set(Path("/dev/shm").iterdir()) - shared if "faketime" in path.name
    } == set()


@BOTH
def test_nothing_outlives_a_killed_worker(project: Path, box: Box) -> None:
    needs(frozenset({"directory-order"}), box)
    (project / "step.py").write_text("import time; print('up', flush=True); time.sleep(61.75)")
    outer = (
        "from pathlib import Path; from release_tasks.workers.local import LocalWorker;"
        "from release_tasks.workers.protocol import UserCommand; r = Path.cwd();"
        "from release_tasks.system.variation import Variation;"
        f"LocalWorker(sandbox={box!r}, variation=Variation()).run(UserCommand(name='train',"
        "argv=('python', 'step.py'), root=r, reads=('step.py',), writes=(), log=r / 'log',"
        "staging=r / '.release/staging/train'))"
    )
    with subprocess.Popen([sys.executable, "-c", outer], cwd=project) as parent:
        deadline = time.monotonic() + 20
        while not ((project / "log").exists() and "up" in (project / "log").read_text()):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert left_behind(project), "the mirror of a running command"
        parent.kill()
    deadline = time.monotonic() + 10
    while left := left_behind(project):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
    run(project, "open('seen.json', 'w')", box=box, variation=Variation())
