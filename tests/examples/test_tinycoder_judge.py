from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

CODER = Path(__file__).resolve().parents[2] / "examples" / "tinycoder"
sys.path.insert(0, str(CODER))

import judge  # noqa: E402


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("def f(x):\n    return x + 1\n", True),
        ("def f(x):\n    return x\n", False),
        ("def f(x)\n", False),
        ("def g(x):\n    return x + 1\n", False),
        ("raise SystemExit(0)\n", False),
        ("import os\nos._exit(0)\n", False),
        ("print('f' * 10)\ndef f(x):\n    return x + 1\n", True),
        ("def f(x):\n    return f(x)\n", False),
        ("import os\nos.abort()\n", False),
    ],
)
def test_only_code_that_passes_every_test_passes(code: str, verdict: bool) -> None:  # noqa: FBT001
    assert judge.passes(code, ("assert f(1) == 2", "assert f(5) == 6")) is verdict


def test_one_false_test_is_enough_to_fail() -> None:
    assert not judge.passes("def f(x):\n    return 2\n", ("assert f(1) == 2", "assert f(5) == 6"))


def test_an_endless_loop_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "CPU_SECONDS", 1)
    begun = time.monotonic()
    assert not judge.passes("def f(x):\n    while True: pass\n", ("assert f(1) == 2",))
    assert time.monotonic() - begun < judge.WALL_SECONDS / 2


def test_a_sleeper_is_stopped_by_the_wall_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "WALL_SECONDS", 1)
    assert not judge.passes("import time\ntime.sleep(30)\ndef f(x): return 2\n", ("assert f(1) == 2",))


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS holds on Linux only")
def test_a_memory_hog_is_stopped() -> None:
    hog = "def f(x):\n    return len(bytearray({size}))\n"
    assert judge.passes(hog.format(size=2**20), (f"assert f(1) == {2**20}",))
    assert not judge.passes(hog.format(size=2**30), (f"assert f(1) == {2**30}",))


@pytest.mark.skipif(sys.platform == "win32", reason="no RLIMIT_FSIZE")
def test_generated_code_cannot_fill_a_file(tmp_path: Path) -> None:
    path = tmp_path / "stray"
    code = f"def f(x):\n    open({str(path)!r}, 'w').write('x' * 9999)\n    return 2\n"
    assert not judge.passes(code, ("assert f(1) == 2",))
    assert not path.exists() or path.stat().st_size == 0


@pytest.mark.parametrize(
    ("code", "verdict"),
    [("x = 1\n", True), ("", False), (" \n", False), ("def f(:\n", False), ("x\0", False)],
)
def test_compiles(code: str, verdict: bool) -> None:  # noqa: FBT001
    assert judge.compiles(code) is verdict
