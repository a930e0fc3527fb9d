"""Every kind of destination by the scheme of its URI."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from release_tasks.registries.carrier import CarrierRegistry
from release_tasks.registries.directory import DirectoryRegistry
from release_tasks.registries.github import GithubRegistry
from release_tasks.registries.protocol import Opening, Registry

REGISTRIES: Mapping[str, Callable[[Opening], Registry]] = {
    "directory": DirectoryRegistry,
    "file": CarrierRegistry,
    "github": GithubRegistry,
}
