"""Whether charts can be drawn here, without importing what draws them."""

from __future__ import annotations

from importlib.util import find_spec

from release_tasks.errors import EnvironmentRefused


def can_draw() -> bool:
    """Tell whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def plot_refused() -> EnvironmentRefused:
    """The error of an environment without it."""
    return EnvironmentRefused(
        "the page needs matplotlib, which draws its charts",
        wanted="the extra plot",
        found="no module matplotlib",
        hint="pip install 'release_tasks[plot]', or leave page out of [release]",
    )
