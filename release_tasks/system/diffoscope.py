"""What diffoscope says of files that came out otherwise, where it is installed; an extra, never a verdict."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from release_tasks.system.environment import search_path
from release_tasks.system.process import run_child
from release_tasks.system.storage import storage_errors

MOST_BYTES = 200_000  # of the text that is kept
LIMIT_S = 120
_LARGEST = 64 << 20  # bytes of a file that is shown to it: of more it says less than the table of tensors
_SIDES = ("released", "rebuilt")


def diffoscope_text(pairs: Mapping[str, tuple[Path, Path]], *, scratch: Path) -> str | None:
    """Its report on each released file and what was made instead, by declared path; None without diffoscope.

    Runs it once, over copies in the new folder `scratch`, for at most `LIMIT_S` seconds. What was left out,
    and how it ended if not well, stands in the first lines. Raises StorageError when the system refuses.
    """
    program = shutil.which("diffoscope")
    if program is None or not pairs:
        return None
    notes = []
    with storage_errors(scratch):
        for path, files in sorted(pairs.items()):
            if max(file.stat().st_size for file in files) > _LARGEST:
                notes.append(f"{path}: left out, it is larger than {_LARGEST} bytes")
                continue
            for side, file in zip(_SIDES, files, strict=True):
                copy = scratch / side / path.replace(":", "/")
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)
    text, ended = _run(program, scratch) if (scratch / _SIDES[0]).is_dir() else ("", None)
    return "".join(f"{line}\n" for line in [*notes, *([ended] if ended else [])]) + text


def _run(program: str, scratch: Path) -> tuple[str, str | None]:
    """What it wrote, bounded, and a sentence when it did not end as it should (exit code 1: files differ)."""
    answer, log = scratch / "answer", scratch / "log"
    ended = run_child(
        [
            program,
            *("--text", "-", "--text-color", "never", "--no-progress"),
            *("--exclude-directory-metadata", "yes", "--max-text-report-size", str(MOST_BYTES)),
            *_SIDES,
        ],
        cwd=scratch,
        env={
            "PATH": os.pathsep.join((os.environ.get("PATH", ""), search_path())),
            "HOME": str(scratch),
            "TMPDIR": str(scratch),
            "LC_ALL": "C.UTF-8",
        },
        log=log,
        answer=answer,
        timeout_s=LIMIT_S,
    )
    with answer.open("rb") as stream:
        written = stream.read(MOST_BYTES + 1)
    text = written[:MOST_BYTES].decode("utf-8", "replace")
    if len(written) > MOST_BYTES:
        text += f"\n… cut after {MOST_BYTES} bytes\n"
    if ended.code in {0, 1} and not ended.timed_out:
        return text, None
    said = log.read_text("utf-8", "replace").strip().splitlines()
    return text, f"diffoscope {ended.describe()}{f': {said[-1]}' if said else ''}"
