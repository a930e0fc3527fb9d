"""`bundle`: the accepted directory as one file, with a checksum beside it."""

from __future__ import annotations

from release_tasks.records.step import Step, Write
from release_tasks.stages.execution import folder_tree
from release_tasks.stages.package import PACKAGE
from release_tasks.stages.plan import Plan


def bundle_path(plan: Plan, kind: str) -> str:
    """Where the bundle of a kind (`zip`, `tar`) stands."""
    return f"{plan.home}/{plan.bundle_stem}.{kind}"


def steps(plan: Plan) -> tuple[Step, ...]:
    """Plan one step for each kind of bundle, or none."""
    return tuple(
        Step(
            verb="bundle",
            subject=kind,
            run="release_tasks.stages.bundle_action:write_bundle",
            doc=f"Write the release as one canonical {kind} file.",
            args=(("kind", kind), ("stem", plan.bundle_stem)),
            reads=(PACKAGE, folder_tree(plan.folder)),
            writes=(
                Write(bundle_path(plan, kind), role="bundle", cls="derived"),
                Write(f"{bundle_path(plan, kind)}.sha256", role="bundle", cls="derived"),
            ),
            after=("accept",),
        )
        for kind in plan.release.bundles
    )
