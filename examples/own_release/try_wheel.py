"""Install the wheel of a release into an empty folder, without an index, and use it there."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

USE = """
import sys
import release_tasks
from release_tasks.records.version import parse_version

assert release_tasks.__file__.startswith(sys.argv[1]), release_tasks.__file__
print(f"version = {parse_version(release_tasks.__version__).text!r}")
"""


def main() -> None:
    """Install, import, print what the installed package says of itself."""
    (wheel,) = Path(sys.argv[1]).glob("*.whl")
    with tempfile.TemporaryDirectory() as folder:
        install = ["install", "--quiet", "--no-index", "--no-deps", "--no-compile", "--target", folder]
        subprocess.run([sys.executable, "-m", "pip", *install, str(wheel)], check=True)
        environment = {**os.environ, "PYTHONPATH": folder}
        subprocess.run([sys.executable, "-c", USE, folder], check=True, env=environment)


main()
