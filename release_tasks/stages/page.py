"""`page`: what people look at, one HTML file beside the release, made anew whenever what it shows changed."""

from __future__ import annotations

from release_tasks.records.baseline import BASELINES
from release_tasks.records.release_contents import REBUILD
from release_tasks.records.step import Step, Tree, Write
from release_tasks.stages.execution import folder_tree
from release_tasks.stages.package import PACKAGE
from release_tasks.stages.plan import Plan


def page_path(plan: Plan) -> str:
    """Where the page of the release stands, relative to the project."""
    return f"{plan.folder}.html"


def steps(plan: Plan) -> tuple[Step, ...]:
    """Plan the page, last of all, where release.toml asks for one."""
    if not plan.release.page:
        return ()
    beside = (f"{plan.attestations}/{REBUILD}", f"{plan.home}/*/evidence/metrics.json", f"{BASELINES}/*.json")
    return (
        Step(
            verb="page",
            run="release_tasks.stages.page_action:write_page",
            doc="Draw the page of the release, for people who would rather look than read.",
            reads=(PACKAGE, folder_tree(plan.folder), Tree(beside, optional=True)),
            writes=(Write(page_path(plan), role="page"),),
            after=("accept",),
        ),
    )
