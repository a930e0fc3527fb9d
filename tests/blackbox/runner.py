"""A runner of GitHub, as far as our workflows use one: their shell steps in bash, artifacts as files, a fresh clone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_EXPRESSION = re.compile(r"\$\{\{ ([a-z0-9_.-]+) \}\}", re.IGNORECASE)
_LIMIT_S = 120


@dataclass
class Runner:
    """Runs the jobs of one workflow in their order; `skipped` are the steps that install system packages."""

    folder: Path
    remote: Path
    context: dict[str, str]
    env: Mapping[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)

    def run_job(self, name: str, job: Mapping[str, Any]) -> Path:
        """Run every step of a job in a clone of its own, which is returned; a step that fails, fails the test."""
        machine = self.folder / name
        (machine / "temp").mkdir(parents=True)
        context = {**self.context, "runner.temp": str(machine / "temp")}
        for step in job["steps"]:
            outputs = self._step(step, machine, context)
            context |= {f"steps.{step.get('id')}.outputs.{key}": value for key, value in outputs.items()}
        for key, value in job.get("outputs", {}).items():
            self.context[f"needs.{name}.outputs.{key}"] = expand(value, context)
        return machine / "project"

    def _step(self, step: Mapping[str, Any], machine: Path, context: Mapping[str, str]) -> dict[str, str]:
        if "uses" in step:
            given = {key: expand(value, context) for key, value in step.get("with", {}).items()}
            self._action(step["uses"].partition("@")[0], given, machine)
            return {}
        if "apt-get" in step["run"]:
            self.skipped.append(step["name"])
            return {}
        script, output = machine / "step.sh", machine / "output"
        script.write_text(step["run"], "utf-8")
        output.write_text("")
        env = {**os.environ, **self.env, "CI": "true", "GITHUB_ACTIONS": "true"}
        env |= {key: expand(value, context) for key, value in step.get("env", {}).items()}
        env |= {"RUNNER_TEMP": str(machine / "temp"), "GITHUB_OUTPUT": str(output)}
        env |= {"GITHUB_STEP_SUMMARY": str(machine / "summary.md"), "RUNNER_OS": "Linux"}
        env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
            cwd=machine / "project",
            env=env,
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, f"{step['name']}\n{done.stdout}\n{done.stderr}"
        return dict(line.split("=", 1) for line in output.read_text("utf-8").splitlines())

    def _action(self, action: str, given: Mapping[str, str], machine: Path) -> None:
        match action:
            case "actions/checkout":
                project = machine / "project"
                subprocess.run(["git", "clone", "-q", self.remote, project], check=True)
                (project / ".venv").symlink_to(sys.prefix, target_is_directory=True)
            case "actions/setup-python":
                pass
            case "actions/upload-artifact":
                place = self.folder / "artifacts" / given["name"]
                place.mkdir(parents=True)
                shutil.copy(given["path"], place)
            case "actions/download-artifact":
                for path in (self.folder / "artifacts" / given["name"]).iterdir():
                    shutil.copy(path, given["path"])
            case _:
                raise AssertionError(f"no stand-in for {action}")


def expand(text: object, context: Mapping[str, str]) -> str:
    """Fill in the plain expressions of a value; KeyError for one that the context has not."""
    return _EXPRESSION.sub(lambda match: context[match[1]], str(text))


def read_workflow(path: Path) -> dict[str, Any]:
    """A workflow or an action; the key `on` is True to YAML 1.1."""
    document: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return document
