"""How a project tells doit about us: commands, state backend and reporter, for pyproject.toml or doit.cfg.

A project registers them itself; entry points would change foreign `dodo.py` files in the same environment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

DEP_FILE = ".release/state.sqlite"
PLUGIN = "release_tasks"  # the name of our backend and of our reporter
GLOBAL: dict[str, str] = {"dep_file": DEP_FILE, "backend": PLUGIN, "reporter": PLUGIN}
COMMANDS: dict[str, str] = {
    "run": "release_tasks.engine.graph_commands:Run",
    "list": "release_tasks.engine.doit_commands:List",
    "forget": "release_tasks.engine.doit_commands:Forget",
    "release": "release_tasks.engine.graph_commands:Release",
    "gate": "release_tasks.engine.gate_command:Gate",
    "freeze": "release_tasks.engine.graph_commands:Freeze",
    "verify": "release_tasks.engine.verify_command:Verify",
    "diff": "release_tasks.engine.diff_command:Diff",
    "check": "release_tasks.engine.setup_commands:Check",
    "init": "release_tasks.engine.setup_commands:Init",
    "inspect": "release_tasks.engine.inspect_command:Inspect",
    "canonicalize": "release_tasks.engine.setup_commands:Canonicalize",
    "replay": "release_tasks.engine.replay_command:Replay",
    "bump": "release_tasks.engine.version_commands:Bump",
    "changelog": "release_tasks.engine.version_commands:Changelog",
    "reproduce": "release_tasks.engine.reproduce_command:Reproduce",
    "publish": "release_tasks.engine.publish_command:Publish",
    "rollback": "release_tasks.engine.rollback_command:Rollback",
    "tag": "release_tasks.engine.tag_command:Tag",
    "status": "release_tasks.engine.status_command:Status",
    "yank": "release_tasks.engine.yank_command:Yank",
}
BACKENDS: dict[str, str] = {PLUGIN: "release_tasks.engine.backend:StateBackend"}
REPORTERS: dict[str, str] = {PLUGIN: "release_tasks.engine.reporter:ReleaseReporter"}
PLUGINS: dict[str, dict[str, str]] = {"command": COMMANDS, "backend": BACKENDS, "reporter": REPORTERS}


def _toml_lines() -> Iterator[str]:
    yield "[tool.doit]"
    yield from (f'{key} = "{value}"' for key, value in GLOBAL.items())
    for kind, plugins in PLUGINS.items():
        yield ""
        yield f"[tool.doit.plugins.{kind}]"
        yield from (f'{name} = "{place}"' for name, place in plugins.items())


def _ini_lines() -> Iterator[str]:
    yield "[GLOBAL]"
    yield from (f"{key} = {value}" for key, value in GLOBAL.items())
    for kind, plugins in PLUGINS.items():
        yield ""
        yield f"[{kind.upper()}]"
        yield from (f"{name} = {place}" for name, place in plugins.items())


def toml_registration() -> str:
    """The tables for the end of `pyproject.toml`."""
    return "\n".join(_toml_lines()) + "\n"


def ini_registration() -> str:
    """The whole of a `doit.cfg`."""
    return "\n".join(_ini_lines()) + "\n"


def _holds(table: object, wanted: Mapping[str, str]) -> bool:
    return isinstance(table, Mapping) and all(table.get(name) == value for name, value in wanted.items())


def registered_in_toml(doit: object) -> bool:
    """Tell whether the table `[tool.doit]` of a `pyproject.toml` says all that `toml_registration` says."""
    plugins = doit.get("plugins") if isinstance(doit, Mapping) else None
    return (
        _holds(doit, GLOBAL)
        and isinstance(plugins, Mapping)
        and all(_holds(plugins.get(kind), wanted) for kind, wanted in PLUGINS.items())
    )


def registered_in_ini(sections: Mapping[str, Mapping[str, str]]) -> bool:
    """Tell whether the sections of a `doit.cfg`, by name, say all that `ini_registration` says."""
    wanted = {"GLOBAL": GLOBAL, **{kind.upper(): plugins for kind, plugins in PLUGINS.items()}}
    return all(_holds(sections.get(name), options) for name, options in wanted.items())
