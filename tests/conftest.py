"""Guards around every test: no network, nothing written to $HOME, and an environment that is the same everywhere."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# A machine that is busy with other things says nothing about the code: no test is about time.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# Test modules cannot import each other under --import-mode=importlib; what they share stands in these folders.
sys.path += [str(Path(__file__).parent / "architecture")]

_IDENTITY = {
    "GIT_AUTHOR_NAME": "Test Author",
    "GIT_AUTHOR_EMAIL": "author@example.invalid",
    "GIT_COMMITTER_NAME": "Test Committer",
    "GIT_COMMITTER_EMAIL": "committer@example.invalid",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "TZ": "UTC",
}
# What a CI system, a git hook or the user's shell may have set, and what changes our output or paths.
_SURPRISES = ("CI", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "SOURCE_DATE_EPOCH", "DOIT_CONFIG")
_OTHER_PYTHONS = ".pyenv"  # tests that compare Pythons look for them in $HOME
_SURPRISING_PREFIXES = ("RELEASE_", "GITHUB_", "GIT_")


class YouForgotToGiveTheTestAFolderOfItsOwnError(AssertionError):
    """A test wrote to $HOME."""


class YouForgotThatTestsHaveNoNetworkError(AssertionError):
    """A test opened a connection to another machine."""


@pytest.fixture(scope="session", autouse=True)
def _environment_is_the_same_on_every_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("home")
    if (Path.home() / _OTHER_PYTHONS).is_dir():
        (home / _OTHER_PYTHONS).symlink_to(Path.home() / _OTHER_PYTHONS, target_is_directory=True)
    umask = os.umask(0o022)
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name in _SURPRISES or name.startswith(_SURPRISING_PREFIXES):
                patch.delenv(name)
        for name, value in _IDENTITY.items():
            patch.setenv(name, value)
        for name in ("HOME", "USERPROFILE"):
            patch.setenv(name, str(home))
        for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
            patch.delenv(name, raising=False)
        if hasattr(time, "tzset"):
            time.tzset()
        yield home
    os.umask(umask)
    if hasattr(time, "tzset"):
        time.tzset()


@pytest.fixture(autouse=True)
def _nothing_is_written_to_home(_environment_is_the_same_on_every_machine: Path) -> Iterator[None]:
    yield
    found = sorted(path.name for path in _environment_is_the_same_on_every_machine.iterdir())
    written = [name for name in found if name != _OTHER_PYTHONS]
    if written:
        raise YouForgotToGiveTheTestAFolderOfItsOwnError(f"written to $HOME: {', '.join(written)}")


@pytest.fixture(scope="session", autouse=True)
def _no_connection_leaves_the_machine() -> Iterator[None]:
    honest = socket.socket.connect

    def connect(self: socket.socket, address: Any, /) -> None:
        if isinstance(address, tuple) and address[0] not in {"127.0.0.1", "::1", "localhost"}:
            raise YouForgotThatTestsHaveNoNetworkError(f"connection to {address[0]}")
        honest(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip elsewhere, with the reason, what uses a thing that only POSIX or only Linux has."""
    if sys.platform == "linux":
        return
    from tests.fakes.other_systems import not_to_be_had  # noqa: PLC0415 - a copy of this file stands alone

    for item in items:
        reason = not_to_be_had(item.function, sys.platform) if isinstance(item, pytest.Function) else None
        if reason is not None:
            item.add_marker(pytest.mark.skip(reason=reason))
