"""The release.toml and the trial of the wheel that `init --type tooling` writes, from a pyproject.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.utils import canonicalize_name

from release_tasks.errors import ConfigError
from release_tasks.policy.distribution_check import normal_version
from release_tasks.records.frozen_record import frozen
from release_tasks.system.storage import storage_errors
from release_tasks.verbs.scaffold import Heading, head_lines, toml_text

TRIAL = "try_wheel.py"
_BACKEND = "setuptools.build_meta:__legacy__"  # what PEP 517 has for a project that names none


@frozen
class PythonProject:
    """What pyproject.toml says: name, version if it stands there, backend; and where the sources are."""

    name: str
    version: str | None
    backend: str
    sources: str
    beside: tuple[str, ...]

    @property
    def module(self) -> str:
        """The import name by convention, which is also how file names are spelt."""
        return canonicalize_name(self.name).replace("-", "_")


def read_project(folder: Path) -> PythonProject:
    """Read pyproject.toml; raises ConfigError when it is not there, malformed, or has no name."""
    path = folder / "pyproject.toml"
    wanted = "a pyproject.toml with [project] name"
    with storage_errors(path):
        data = path.read_bytes() if path.is_file() else None
    try:
        document = {} if data is None else tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("TOML is malformed", found=str(error), where=str(path)) from None
    match document:
        case {"project": {"name": str() as name, **project}}:
            pass
        case _:
            found = "no such file" if data is None else "no name"
            raise ConfigError("nothing says what is built", wanted=wanted, found=found, where=str(path))
    match document:
        case {"build-system": {"build-backend": str() as backend}}:
            pass
        case _:
            backend = _BACKEND
    version = project.get("version")
    module = canonicalize_name(name).replace("-", "_")
    known = ("LICENSE", "LICENSE.txt", "README.md", "README.rst", "README.txt")
    return PythonProject(
        name=name,
        version=version if isinstance(version, str) else None,
        backend=backend,
        sources=f"src/{module}" if (folder / "src").is_dir() else module,
        beside=tuple(file for file in known if (folder / file).is_file()),
    )


def tooling_text(heading: Heading, project: PythonProject) -> str:
    """The text of release.toml for a Python distribution."""
    return "\n".join((*head_lines(heading), *_artifacts(heading, project), ""))


def _artifacts(heading: Heading, project: PythonProject) -> Iterator[str]:
    version = normal_version(heading.version) or heading.version
    wheel = f"dist/{project.module}-{version}-py3-none-any.whl"
    sdist = f"dist/{project.module}-{version}.tar.gz"
    yield "[artifacts]"
    yield "# As the backend names them; its tags may be others than py3-none-any: build once and look."
    yield f"wheel = {toml_text(wheel)}"
    yield f"sdist = {toml_text(sdist)}"
    yield ""
    yield "# The backend of pyproject.toml builds both, from what is installed here: nothing is fetched."
    yield "[[step]]"
    yield 'name = "build"'
    yield f'command = ["python", "-c", {toml_text(_build(project.backend))}]'
    sources = [f"{project.sources}/**/*.py"]
    yield f"reads = {toml_text([*project.beside, 'pyproject.toml', *sources])}  # and package data"
    yield f"writes = {toml_text([wheel, sdist])}"
    yield ""
    yield "[smoke]"
    yield f'command = ["python", {toml_text(TRIAL)}, "{{release}}"]'
    yield f"reads = [{toml_text(TRIAL)}]"


def _build(backend: str) -> str:
    """One line that calls the two hooks of PEP 517."""
    module, _, name = backend.partition(":")
    hooks = f"backend.{name}" if name else "backend"
    return f"import {module} as backend; {hooks}.build_wheel('dist'); {hooks}.build_sdist('dist')"


def trial_text(project: PythonProject) -> str:
    """A script that installs the wheel of a release where nothing else is, and imports it."""
    return f'''"""Install the wheel of a release into an empty folder, without an index; import it there."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

USE = """
import sys
import {project.module} as package

assert package.__file__.startswith(sys.argv[1]), package.__file__
print("imported", package.__name__)
"""

(wheel,) = Path(sys.argv[1]).glob("*.whl")
with tempfile.TemporaryDirectory() as folder:
    options = ["--quiet", "--no-index", "--no-deps", "--no-compile", "--target", folder]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(wheel)], check=True)
    environment = {{**os.environ, "PYTHONPATH": folder}}
    subprocess.run([sys.executable, "-c", USE, folder], check=True, env=environment)
'''
