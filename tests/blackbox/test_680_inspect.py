"""B20: `inspect` through both commands, in a project and far from one."""

from __future__ import annotations

import json
from pathlib import Path

from tests.blackbox.project import Project, safetensors, write_project


def test_b20_a_file_is_looked_into_anywhere(tmp_path: Path) -> None:
    folder = Project(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(safetensors([1.0, 2.0]))
    done = folder.tasks("inspect", "model.safetensors")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("dtypes      F32 1\ntensors (1)\n  embedding  F32  2\n")
    done = folder.tasks("inspect", "model.safetensors", "--json")
    assert json.loads(done.stdout)["parameters"] == 2


def test_b20_the_same_by_doit_and_its_refusals(tmp_path: Path) -> None:
    project = write_project(tmp_path / "project", git=False)
    project.path("cut.safetensors").write_bytes(safetensors([1.0, 2.0])[:-1])
    done = project.doit("inspect", "cut.safetensors")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[0].startswith("safetensors ")
    done = project.doit("inspect")
    assert (done.returncode, done.stderr) == (
        3,
        (
            "wrong number of paths\n"
            "  wanted: one path: a safetensors, GGUF or tokenizer.json file\n"
            "  found:  none\n"
        ),
    )
