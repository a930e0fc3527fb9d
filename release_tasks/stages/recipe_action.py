"""Lint the Python sources of `[[step]]`: the files that the commands read, and code given with `-c`."""

from __future__ import annotations

from collections.abc import Iterator

from release_tasks.config.command import expand_command
from release_tasks.config.schema import UserStep
from release_tasks.policy.recipe_lint import RecipeFinding, lint_files
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.step import Tree
from release_tasks.stages.evidence_record import write_measurement
from release_tasks.stages.execution import Context
from release_tasks.stages.plan import as_reads
from release_tasks.stages.recipe import SUFFIX, is_data, may_be_source, runs_python, scripts


def _files(context: Context, step: UserStep) -> Iterator[str]:
    """Yield the sources of one step by their declared names."""
    index = context.workspace.index
    for read in as_reads(tuple(read for read in step.reads if may_be_source(read))):
        yield from index.tree_files(read) if isinstance(read, Tree) else (read,)
    for script in scripts(step):
        if index.locate(script).is_file():
            yield script


def _inline(step: UserStep) -> tuple[str, bytes] | None:
    """The code that a command gives its interpreter with `-c`, under the name of the step."""
    words = expand_command(step, reads=step.reads)
    if "-c" not in words[:-1]:
        return None
    code = words[words.index("-c") + 1]
    return f"step:{step.name}", code.encode("utf-8", "replace")


def _row(source: str, found: RecipeFinding) -> dict[str, JSON]:
    return {
        "source": source,
        "line": found.line,
        "column": found.column,
        "rule": found.rule,
        "found": found.found,
    }


def lint_recipe(context: Context) -> None:
    """Write the evidence of kind `recipe`; a step of Python of which no source is known is a finding too."""
    plan, workspace = context.plan, context.workspace
    files: dict[str, bytes] = {}
    steps: dict[str, tuple[str, ...]] = {}
    findings: list[JSON] = []
    accepted: list[JSON] = []
    for user in filter(runs_python, plan.release.steps):
        paths = {path for path in _files(context, user) if path.endswith(SUFFIX) and not is_data(plan, path)}
        files.update((path, workspace.index.locate(path).read_bytes()) for path in paths - files.keys())
        inline = _inline(user)
        files.update([inline] if inline else [])
        steps[user.name] = (*sorted(paths), *([inline[0]] if inline else ()))
        if not steps[user.name]:
            nothing = RecipeFinding(line=0, column=0, rule="no-source", found="no Python source is declared")
            findings.append(_row(f"step:{user.name}", nothing))
    for path, rows in lint_files(files, steps).items():
        findings += [_row(path, row) for row in rows if row.reason is None]
        accepted += [{**_row(path, row), "reason": row.reason} for row in rows if row.reason is not None]
    data: JSONObject = {"sources": list[JSON](sorted(files)), "findings": findings, "accepted": accepted}
    write_measurement(context, "recipe", data)
