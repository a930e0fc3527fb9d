"""Secrets by gitleaks, when it is on PATH: one run of the program over copies of the texts.

Its own rules are used as they are; a configuration, an ignore file and comments in the release count nothing.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from release_tasks.errors import FormatError
from release_tasks.formats.strict_json import parse_strict
from release_tasks.policy.digest_words import digests
from release_tasks.records.json_value import JSON
from release_tasks.system.scanners.planted import (
    aws_key,
    github_token,
    hugging_face_token,
    private_key,
    random_text,
)
from release_tasks.system.scanners.protocol import Document, Hit, ScanResult, fingerprint, unique

NAME = "gitleaks"
_LIMIT_S = 600
_DIR_SINCE = (8, 19)  # `gitleaks dir`; before that `gitleaks detect --no-git`
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")
_PLANTED_FILE = "planted.txt"
# Rules of gitleaks' own configuration that must find their planted secret in the same run.
PLANTED = {
    "aws-access-token": f"aws_access_key_id = {aws_key()}",
    "generic-api-key": 'api_key = "' + random_text() + '"',
    "github-pat": f"github = {github_token()}",
    "huggingface-access-token": f"HF_TOKEN = {hugging_face_token()}",
    "private-key": private_key(),
}


class GitleaksScanner:
    """The program gitleaks, version 8; `program` is its path, `scratch` a folder for the copies."""

    def __init__(self, program: str, scratch: Path) -> None:
        self.program = program
        self.scratch = scratch

    def scan(self, documents: Sequence[Document]) -> ScanResult:
        """Scan the documents whose depth is `all`, with a planted file beside them.

        The copies bear numbers and their suffix, so that no rule spares a file for its name.
        """
        version = self._version()
        found = _VERSION.fullmatch(version)
        if found is None or int(found[1]) != 8:
            return ScanResult(name=NAME, version=version, problem="not a version 8 of gitleaks")
        whole = [document for document in documents if document.depth == "all"]
        self.scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.scratch) as place:
            folder = Path(place) / "texts"
            folder.mkdir()
            copies = {}
            for number, document in enumerate(whole):
                name = f"{number:06}{PurePosixPath(document.path).suffix}"
                (folder / name).write_bytes(document.text.encode("utf-8", "surrogatepass"))
                copies[name] = document
            (folder / _PLANTED_FILE).write_text("\n".join(PLANTED.values()) + "\n", "utf-8")
            try:
                rows = self._run(folder, Path(place) / "report.json", (int(found[1]), int(found[2])))
            except (OSError, FormatError, subprocess.TimeoutExpired, _GitleaksError) as error:
                return ScanResult(name=NAME, version=version, problem=_problem(error))
        planted = {str(row.get("RuleID")) for row in rows if _file(row) == _PLANTED_FILE}
        return ScanResult(
            name=NAME,
            version=version,
            hits=unique(_hits(rows, copies)),
            controls=len(PLANTED),
            missed=tuple(rule for rule in PLANTED if rule not in planted),
        )

    def _version(self) -> str:
        try:
            done = self._call(["version"], cwd=Path(self.program).parent)
        except (OSError, subprocess.TimeoutExpired):
            return "unknown"
        lines = done.stdout.decode("utf-8", "replace").split()
        return lines[-1][:40] if lines and done.returncode == 0 else "unknown"

    def _run(self, folder: Path, report: Path, version: tuple[int, int]) -> list[dict[str, JSON]]:
        options = ["--no-banner", "--no-color", "--log-level", "error", "--report-format", "json"]
        options += ["--report-path", str(report), "--exit-code", "0", "--max-target-megabytes", "0"]
        if version >= _DIR_SINCE:
            # Flags of this age: comments `gitleaks:allow` and .gitleaksignore excuse nothing.
            options += ["--ignore-gitleaks-allow", "--gitleaks-ignore-path", str(report.parent)]
            line = ["dir", *options, str(folder)]
        else:
            line = ["detect", "--no-git", *options, "--source", str(folder)]
        done = self._call(line, cwd=report.parent)
        if done.returncode != 0:
            raise _GitleaksError(f"exit code {done.returncode}")
        rows = parse_strict(report.read_bytes(), where=report.name)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise _GitleaksError("a report that is no list of findings")
        return [row for row in rows if isinstance(row, dict)]

    def _call(self, line: Sequence[str], *, cwd: Path) -> subprocess.CompletedProcess[bytes]:
        """Run the program without the variables that could name another configuration."""
        env = {name: value for name, value in os.environ.items() if not name.startswith("GITLEAKS_")}
        return subprocess.run(
            [self.program, *line],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_LIMIT_S,
            check=False,
        )


class _GitleaksError(Exception):
    """The program ended as it does not when it has scanned."""


def _problem(error: Exception) -> str:
    """What went wrong, in words that hold nothing of what was scanned."""
    if isinstance(error, _GitleaksError):
        return str(error)
    if isinstance(error, subprocess.TimeoutExpired):
        return f"stopped after {_LIMIT_S} s"
    return f"no report: {type(error).__name__}"


def _file(row: dict[str, JSON]) -> str:
    return PurePosixPath(str(row.get("File")).replace(os.sep, "/")).name


def _hits(rows: Sequence[dict[str, JSON]], copies: dict[str, Document]) -> Iterator[Hit]:
    known = {name: {token for _, token in digests(document.joined)} for name, document in copies.items()}
    for row in rows:
        document, secret, line = copies.get(_file(row)), row.get("Secret"), row.get("StartLine")
        if document is None or not isinstance(secret, str) or not isinstance(line, int):
            continue
        if secret in known[_file(row)] or (document.holds_digests and re.fullmatch("[0-9a-f]{64}", secret)):
            continue
        rule = f"{NAME}:{row.get('RuleID')}"
        yield Hit(document.path, max(line, 1), rule, fingerprint(document.path, rule, secret))
