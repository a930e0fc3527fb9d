"""The user's own commands: what they see, how they fail, and what they leave behind."""

from __future__ import annotations

import json
import re

import pytest
from project import TRAIN, Project, contents, normal, ran, wait_for

from release_tasks.system.sandbox import why_not

boxed = pytest.mark.skipif(why_not() is not None, reason=f"no sandbox: {why_not()}")


def _failed(project: Project, script: str) -> str:
    """Run the step `train` with another script; returns what was said of its failure."""
    project.write("scripts/train.py", script)
    done = project.doit("freeze", "--update")
    assert done.returncode == 2, done.stdout + done.stderr
    return normal(done.stdout, project).partition("FAILED  step:train\n\n")[2]


def test_a_failing_command_shows_the_end_of_its_log(released: Project) -> None:
    before = contents(released.path("build"))
    said = _failed(
        released,
        "import sys, pathlib\n"
        "for number in range(30): print('line', number)\n"
        "pathlib.Path('build/config.json').write_text('half')\n"
        "print('broken', file=sys.stderr); sys.exit(5)\n",
    )
    lines = "".join(f"         line {number}\n" for number in range(17, 30))
    assert said == (
        "step train failed with exit code 5\n"
        f"  found: line 16\n{lines}"
        "         broken\n"
        "  where: ROOT/.release/logs/step-train.log\n"
        "  hint:  the whole output is in the log\n"
        "\n"
    )
    assert contents(released.path("build")) == before


def test_a_killed_command_is_named(released: Project) -> None:
    assert _failed(released, "import os\nos.kill(os.getpid(), 9)\n") == (
        "step train was killed by SIGKILL\n"
        "  found: no output\n"
        "  where: ROOT/.release/logs/step-train.log\n"
        "  hint:  the system may have been out of memory; the whole output is in the log\n"
        "\n"
    )


def test_outputs_appear_only_when_all_are_there(released: Project) -> None:
    before = contents(released.path("build"))
    said = _failed(released, "import pathlib\npathlib.Path('build/config.json').write_text('new')\n")
    assert said == (
        "step train did not write what it declares\n"
        "  wanted: build/model.safetensors, build/config.json\n"
        "  found:  missing: build/model.safetensors\n"
        "  where:  ROOT/.release/logs/step-train.log\n"
        "  hint:   outputs are written below the working directory, by the path that `writes` names\n"
        "\n"
    )
    assert contents(released.path("build")) == before


def test_what_is_written_besides_the_declared_outputs_does_not_stay(released: Project) -> None:
    released.write(
        "scripts/train.py",
        TRAIN + "pathlib.Path('left.txt').write_text('x'); pathlib.Path('build/also').write_text('x')\n",
    )
    done = released.doit("freeze", "--update")
    assert (done.returncode, ran(done)) == (0, ["step:train"])
    assert not released.path("left.txt").exists()
    assert not released.path("build/also").exists()
    assert list(released.path(".release/staging").iterdir()) == []


@boxed
def test_undeclared_reads_are_printed_as_one_block_that_mends_the_step(released: Project) -> None:
    reading = "import pathlib\nfor name in ('README.md', 'data/one.txt', 'scripts/smoke.py'):\n    open(name).read()\n"
    said = _failed(released, reading + TRAIN)
    block = (
        "reads = [\n"
        '  "README.md",\n'
        '  "build/tokenizer.json",\n'
        '  "data/one.txt",\n'
        '  "scripts/smoke.py",\n'
        '  "scripts/train.py",\n'
        "]"
    )
    shown = said.partition("  hint:  ")[2].rstrip().replace("\n         ", "\n")
    assert shown == block
    assert said.startswith(
        "step train read 3 undeclared files\n  found: README.md\n         data/one.txt\n         scripts/smoke.py\n"
    )
    released.replace("release.toml", 'reads = ["scripts/train.py", "build/tokenizer.json"]', shown)
    done = released.doit("freeze", "--update")
    assert (done.returncode, ran(done)) == (0, ["step:train"]), done.stdout


@boxed
def test_a_step_has_no_network(released: Project) -> None:
    said = _failed(released, "import socket\nsocket.create_connection(('192.0.2.1', 80), 3)\n")
    assert "OSError: [Errno 101] Network is unreachable" in said


@boxed
def test_a_step_sees_only_what_it_declares(released: Project) -> None:
    _failed(
        released,
        "import os\nprint('SEEN', sorted(os.path.join(a, f) for a, _, b in os.walk('.') for f in b))\nraise SystemExit(1)\n",
    )
    log = released.read(".release/logs/step-train.log")
    assert "SEEN ['./build/tokenizer.json', './scripts/train.py']" in log


@boxed
def test_a_step_cannot_change_its_inputs_or_the_project(released: Project) -> None:
    before = released.read("build/tokenizer.json")
    said = _failed(released, "open('build/tokenizer.json', 'w').write('{}')\n")
    assert "OSError: [Errno 30] Read-only file system: 'build/tokenizer.json'" in said
    assert released.read("build/tokenizer.json") == before


def test_only_the_allow_listed_environment_goes_in(released: Project) -> None:
    released.replace("release.toml", "[smoke]", '[environment]\npass = ["FLAVOUR"]\n\n[smoke]')
    released.write(
        "scripts/train.py",
        "import json, os\nprint('ENV', json.dumps(dict(os.environ)))\nraise SystemExit(1)\n",
    )
    hostile = {
        "SECRET": "x",
        "OPENBLAS_NUM_THREADS": "64",
        "NPY_DISABLE_CPU_FEATURES": "AVX2",
        "LANG": "de_DE",
        "TZ": "Asia/Tokyo",
    }
    released.doit("freeze", "--update", env={**hostile, "FLAVOUR": "sweet"})
    found = re.findall(r"^ENV (.*)$", released.read(".release/logs/step-train.log"), re.MULTILINE)
    seen = json.loads(found[0])
    assert {
        name: seen.get(name) for name in ("FLAVOUR", "SECRET", "NPY_DISABLE_CPU_FEATURES", "LANG", "TZ")
    } == {
        "FLAVOUR": "sweet",
        "SECRET": None,
        "NPY_DISABLE_CPU_FEATURES": None,
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }
    assert seen.get("OPENBLAS_NUM_THREADS") in {"1", None}
    assert (seen["RELEASE_SEED"], seen["SOURCE_DATE_EPOCH"]) == ("7", "315532800")


def test_the_record_says_how_each_step_was_run(released: Project) -> None:
    steps = json.loads(released.read("release/1.0.0/evidence/environment.json"))["steps"]
    assert set(steps) == {"tokenizer", "train", "evaluate"}
    assert {step["hermetic"] for step in steps.values()} == {why_not() is None}
    numeric = steps["evaluate"]["numeric"]
    assert numeric["status"] in ({"checked"} if numeric["profile"] != "none" else {"not-applicable"})


def test_an_input_that_is_edited_while_a_step_runs_spoils_the_run(released: Project) -> None:
    released.write(
        "scripts/train.py",
        TRAIN.replace("seed, scale", "import os, time\nseed, scale", 1)
        + "print('waiting', flush=True); time.sleep(1.5)\n",
    )
    before = contents(released.path("build"))
    process = released.start("freeze", "--update")
    log = released.path(".release/logs/step-train.log")
    wait_for(lambda: log.exists() and "waiting" in log.read_text())
    released.write("scripts/train.py", TRAIN + "# edited meanwhile\n")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (1, "")
    assert normal(out, released).endswith(
        "FAILED  step:train\n"
        "\n"
        "an input of step:train changed while it ran\n"
        "  wanted: inputs that stay as they are\n"
        "  found:  build/tokenizer.json, scripts/train.py\n"
        "  hint:   its outputs are thrown away; run again when nobody edits these files\n"
        "\n"
    )
    assert contents(released.path("build")) == before
