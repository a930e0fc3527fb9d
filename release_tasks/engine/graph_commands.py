"""Commands that run the graph: `run` (doit's own, made safe), `release` and `freeze`."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import sys
from pathlib import Path
from typing import Any, TextIO

from doit.cmd_run import Run as DoitRun
from doit.cmdparse import CmdParseError

from release_tasks.engine.boundary import fail, fail_system
from release_tasks.engine.loader import ProjectLoader
from release_tasks.engine.options import flag, option, show_help, switch
from release_tasks.engine.project import STATE_FILE, Project
from release_tasks.engine.reporter import ReleaseReporter
from release_tasks.engine.run_lock import run_lock, tidy
from release_tasks.errors import ConfigError, GateRefused, ReleaseError, SealedError
from release_tasks.records.verdict import Mode
from release_tasks.stages.gate import VERDICT
from release_tasks.stages.plan import Plan
from release_tasks.system.clock import release_date
from release_tasks.system.stat_key import stat_key
from release_tasks.verbs.release_summary import (
    already_released,
    gate_table,
    judged_when_sealed,
    seal_of,
    summarize,
)

_CONFIG = option("config", "another release.toml")


class GraphCommand(DoitRun):  # type: ignore[misc]
    """doit's `run` with our reporter, state and locks; `-s` may not skip what a release depends on."""

    cmd_options = (*DoitRun.cmd_options, _CONFIG)

    def parse_execute(self, in_args: list[str]) -> int:
        """Parse without doit's dump of every option that there is."""
        if in_args == ["--help"]:
            return show_help(self)
        try:
            return int(super().parse_execute(in_args))
        except CmdParseError as error:
            said = str(error).partition(" (parsing options")[0].removeprefix("Error parsing Command: ")
            raise CmdParseError(f"{self.name}: {said}") from None

    def execute(self, params: Any, args: list[str]) -> int:
        """Load the tasks and run; every ReleaseError ends here."""
        try:
            return self._guarded(params, args)
        except ReleaseError as error:
            return fail(error)
        except OSError as error:
            return fail_system(error)
        except KeyboardInterrupt:
            sys.stderr.write("interrupted: what was half done has been removed; run again to go on\n")
            return 130

    def _guarded(self, params: Any, args: list[str]) -> int:
        caller = Path.cwd()
        self.loader.setup(params)
        self.loader.setup = _nothing  # it has changed the current folder: a second time would look elsewhere
        projects = [value for value in self.loader.namespace.values() if isinstance(value, Project)]
        if not projects:
            return int(super().execute(params, args))
        if len(projects) > 1:
            raise ConfigError("the dodo.py has more than one Project", wanted="one", found=str(len(projects)))
        project = projects[0]
        if params["single"]:
            raise GateRefused(
                "-s runs a task without what it depends on: its result could be stale and look fresh",
                wanted="the task and its dependencies",
                hint="leave -s out; what is up to date is not run again",
            )
        release_date(None)  # a bad SOURCE_DATE_EPOCH is said before hours of training, not after
        project.ask(
            config=params["config"] and str(caller / params["config"]),
            mode=self.mode(params),
            policy=params.get("policy") and str(caller / params["policy"]),
            profile=params.get("profile"),
        )
        plan = project.plan
        if plan.policy is None:
            _refuse_bad_policy(plan)
        else:
            project.workspace.once_valid(
                plan.policy, lambda: _refuse_bad_policy(plan), under=plan.release.profile
            )
        if self.only_looks(params):
            return self.run_project(project, params, args)
        root = project.release.root
        home = root / plan.home
        _refuse_no_folder(home)
        with run_lock(root):
            tidy(root, plan.home)
            return self.run_project(project, params, args)

    def mode(self, params: Any) -> Mode:
        """How the run is asked for."""
        del params
        return Mode()

    def only_looks(self, params: Any) -> bool:
        """Whether nothing will run, so that another run need not end first and nothing is tidied up."""
        del params
        return False

    def run_project(self, project: Project, params: Any, args: list[str]) -> int:
        """Run what was asked for in one project."""
        raise NotImplementedError

    def run_tasks(
        self, project: Project, params: Any, names: list[str], *, out: TextIO | None = None
    ) -> tuple[int, ReleaseReporter]:
        """Run tasks of the graph with all they need; returns the exit code and the reporter that counted.

        Progress goes to `out`, by default stdout.
        """
        reporter = ReleaseReporter(out or sys.stdout, {}, root=project.release.root)
        if "reporter" not in params._non_default_keys:  # noqa: SLF001 - doit has no other way to ask
            params["reporter"] = reporter
        if params["num_process"]:
            # Forking after doit's queue threads deadlocks and warns on Python 3.12; spawn works everywhere.
            multiprocessing.set_start_method("spawn", force=True)
        # doit names files relative to the current folder: without a dodo.py that is always the project's own,
        # so that the same run from a folder below finds its state.
        root = project.release.root if isinstance(self.loader, ProjectLoader) else Path.cwd()
        with contextlib.chdir(root):
            params["dep_file"] = os.path.relpath(project.release.root / STATE_FILE)
            code = int(super().execute(params, names))
        return (reporter.exit_codes[0] if reporter.exit_codes else code), reporter

    def run_judged(
        self, project: Project, params: Any, names: list[str], *, out: TextIO | None = None
    ) -> tuple[int, ReleaseReporter, bool]:
        """Run tasks as `run_tasks`; tell whether verdict.json is that of this run, not of an earlier one."""
        file = project.release.root / VERDICT
        before = stat_key(file) if file.exists() else None
        code, reporter = self.run_tasks(project, params, names, out=out)
        return code, reporter, code == 0 or (file.exists() and stat_key(file) != before)


def terminal_width() -> int | None:
    """Columns of the terminal that stdout is, None where it is none: texts in a file are not broken."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _refuse_no_folder(releases: Path) -> None:
    """Finished releases are renamed into place, which a link to another disk would not let us do whole."""
    if releases.is_symlink() or (releases.exists() and not releases.is_dir()):
        raise ConfigError(
            f"{releases.name} is not a folder",
            wanted="a real folder, where finished releases go, or nothing yet",
            found="a symbolic link" if releases.is_symlink() else "a file",
            where=str(releases),
            hint="move it away; to use another disk, mount it at this place",
        )


def _refuse_bad_policy(plan: Plan) -> None:
    from release_tasks.stages.gate_policy import policy_in_force  # noqa: PLC0415 - only when needed

    policy_in_force(plan)


def _nothing(_params: object) -> None:
    """Stand in for a loader's setup that has been done."""


class Run(GraphCommand):
    """`doit` and `doit run TASK`: without a task it is `doit release`."""

    doc_purpose = "run tasks; without a task, the whole release"
    doc_usage = "[TASK/TARGET...]"
    name = "run"

    def run_project(self, project: Project, params: Any, args: list[str]) -> int:
        """Run the named tasks, or the release."""
        if not args:
            return release_project(self, project, params)
        return self.run_tasks(project, params, args)[0]


class JudgedCommand(GraphCommand):
    """A command whose outcome is a verdict, and the options that say how it is asked for."""

    cmd_options = (
        *GraphCommand.cmd_options,
        flag("soft", "gates that the policy lists in soft_allowed only warn; never publishable"),
        flag("snapshot", "build without lock or tag under a suffixed version; never publishable"),
        switch("strict", "warnings refuse, whatever policy and profile say; --no-strict: never publishable"),
        option("policy", "another policy file, relative to this folder; never publishable"),
        option("profile", "another profile than release.toml names; never publishable"),
    )

    def mode(self, params: Any) -> Mode:
        """How the run is asked for."""
        return Mode(
            soft=params["soft"],
            snapshot=params["snapshot"],
            strict=params["strict"],
            policy_override=params["policy"] is not None,
        )


class Release(JudgedCommand):
    """`doit release`: everything up to an accepted candidate."""

    doc_purpose = "build, judge, package and accept the release"
    doc_usage = ""
    name = "release"
    cmd_options = (
        *JudgedCommand.cmd_options,
        flag(
            "verbose",
            "print every gate with its evidence, as 'gate' does; what commands print is in .release/logs",
        ),
    )

    def run_project(self, project: Project, params: Any, args: list[str]) -> int:
        """Run the whole graph."""
        if args:
            raise ConfigError(
                "release takes no task", found=" ".join(args), hint="doit run TASK runs one task"
            )
        return release_project(self, project, params)


def release_project(command: GraphCommand, project: Project, params: Any) -> int:
    """Build up to an accepted candidate, or say that the version is already released."""
    plan = project.plan
    names = [step.name for step in project.steps]
    seal = seal_of(plan)
    if seal is not None and (plan.release.root / plan.folder).exists():
        judged = [step.name for step in judged_when_sealed(plan, project.steps)]
        code, _ = command.run_tasks(project, params, judged)
        if code:
            return code
        sys.stdout.write(already_released(plan, project.workspace, seal))
        return 0
    # In catalog order frozen:inputs comes first: a change that nobody froze is said before hours of training.
    code, reporter, judged_now = command.run_judged(project, params, names)
    if judged_now and params.get("verbose"):
        sys.stdout.write("\n" + gate_table(project.workspace, width=terminal_width()))
    sys.stdout.write(
        summarize(plan, project.workspace, executed=reporter.executed, standing=reporter.standing, code=code)
    )
    return code


class Freeze(GraphCommand):
    """`doit freeze`: write release.lock."""

    doc_purpose = "run the user's steps and write release.lock"
    doc_usage = ""
    name = "freeze"
    cmd_options = (
        *GraphCommand.cmd_options,
        flag("update", "replace outputs that are already frozen for this numeric id"),
    )

    def run_project(self, project: Project, params: Any, args: list[str]) -> int:
        """Run the steps, then freeze inputs and outputs."""
        if args:
            raise ConfigError("freeze takes no task", found=" ".join(args))
        from release_tasks.verbs.freeze import refuse_inputs, write_lock  # noqa: PLC0415 - only when needed

        plan = project.plan
        if seal_of(plan) is not None and params["update"]:
            raise SealedError(
                f"{plan.release.version.text} is already released: its lock stays as it is",
                hint="raise release.version in release.toml first",
            )
        refuse_inputs(plan, project.workspace, update=params["update"])
        names = [step.name for step in project.steps if step.verb == "step"]
        if names:
            code, _ = self.run_tasks(project, params, names)
            if code:
                return code
        sys.stdout.write(write_lock(plan, project.workspace, update=params["update"]))
        return 0
