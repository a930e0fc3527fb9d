"""Look into the wheel and the source archive of a release, unpacking neither."""

from __future__ import annotations

from collections.abc import Callable

from packaging.utils import canonicalize_name

from release_tasks.config.layout import base_name
from release_tasks.errors import FormatError
from release_tasks.policy.distribution_check import KEPT, Kind, examine, normal_version
from release_tasks.records.archive_listing import Listing
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.stages.distribution import KIND
from release_tasks.stages.evidence_record import write_measurement
from release_tasks.stages.execution import Context
from release_tasks.system.distribution_file import read_sdist, read_wheel

_READERS: dict[Kind, Callable[..., Listing]] = {"wheel": read_wheel, "sdist": read_sdist}


def _row(context: Context, declared: str, kind: Kind) -> JSONObject:
    name = base_name(declared)
    context.report(f"looking into {name}")
    found: JSON = None
    problem: JSON = None
    try:
        path = context.workspace.index.locate(declared)
        found = examine(name, kind, _READERS[kind](path, keep=KEPT[kind], where=name))
    except FormatError as error:
        wanted = f"wanted {error.wanted}" if error.wanted else None
        problem = "; ".join(filter(None, (error.what, wanted, error.found)))
    return {"path": name, "kind": kind, "problem": problem, "found": found}


def examine_distribution(context: Context) -> None:
    """Write the evidence of kind `distribution`; an archive that cannot be read says why."""
    release = context.plan.release
    wheel, sdist = release.artifacts.wheel, release.artifacts.sdist
    if wheel is None or sdist is None:
        raise AssertionError("BUG: the step was planned without a wheel and a source archive")
    files: list[JSON] = [_row(context, wheel, "wheel"), _row(context, sdist, "sdist")]
    data: JSONObject = {
        "name": canonicalize_name(release.name),
        "version": normal_version(release.version.text),
        "files": files,
    }
    write_measurement(context, KIND, data)
