"""Model folders as strangers leave them: built by hand, released through the command, never trained."""

from __future__ import annotations

import hashlib
import json
import os
import re
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SCRIPTS = Path(sys.executable).parent
RELEASE_TASKS = (str(SCRIPTS / "release-tasks"),)
DOIT = (str(SCRIPTS / "doit"),)
_ENVIRON = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONSTARTUP"}}

# dtype, shape, little-endian bytes
Tensor = tuple[str, tuple[int, ...], bytes]
FLOATS = struct.pack("<6f", 0.5, -1.0, 2.0, 3.25, 4.0, -0.0)
BIAS = struct.pack("<3f", 1.0, 2.0, 3.0)
COUNTS = struct.pack("<3q", 1, -2, 3)
BRAINS = bytes.fromhex("803f0040")  # BF16 1.0 and 2.0
EIGHTS = bytes.fromhex("38b840c0")  # F8_E4M3 1.0, -1.0, 2.0 and -2.0
TENSORS: dict[str, Tensor] = {"w": ("F32", (2, 3), FLOATS), "b": ("F32", (3,), BIAS)}

TOKENIZER = {"version": "1.0", "model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []}}
CONFIG = {"model_type": "stranger", "hidden_size": 3}

HEAD = """\
schema = 1

[release]
name = "stranger"
version = "0.1.0"
"""
ARTIFACTS = """
[artifacts]
model = "model.safetensors"
tokenizer = "tokenizer.json"
config = "config.json"
"""


def prefixed(header: bytes, payload: bytes = b"", *, length: int | None = None) -> bytes:
    """Put the eight bytes before a header; `length` is what they claim, the truth by default."""
    return struct.pack("<Q", len(header) if length is None else length) + header + payload


def entries(tensors: Mapping[str, Tensor]) -> tuple[dict[str, object], bytes]:
    """Lay tensors out in the order given; returns the header's table and the payload."""
    table: dict[str, object] = {}
    payload = b""
    for name, (dtype, shape, data) in tensors.items():
        table[name] = {
            "dtype": dtype,
            "shape": list(shape),
            "data_offsets": [len(payload), len(payload) + len(data)],
        }
        payload += data
    return table, payload


def canonical(tensors: Mapping[str, Tensor]) -> bytes:
    """A file of tensors of one dtype as the canonical writer lays it out: by name, compact, padded."""
    table, payload = entries(dict(sorted(tensors.items())))
    header = json.dumps(table, separators=(",", ":")).encode()
    return prefixed(header + b" " * (-len(header) % 8), payload)


def old_fashioned(tensors: Mapping[str, Tensor]) -> bytes:
    """A valid file as old writers left it: order of insertion, spaces, no padding, metadata at the end."""
    table, payload = entries(tensors)
    table["__metadata__"] = {"format": "pt", "by": "an old writer"}
    return prefixed(json.dumps(table).encode(), payload)


def dump(value: object) -> bytes:
    """JSON as most tools write it."""
    return (json.dumps(value, indent=2) + "\n").encode()


def write(folder: Path, files: Mapping[str, bytes | str]) -> Path:
    """Write files by relative path and return the folder."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    return folder


def model_files() -> dict[str, bytes]:
    """The three files of the smallest model."""
    return {
        "model.safetensors": canonical(TENSORS),
        "tokenizer.json": dump(TOKENIZER),
        "config.json": dump(CONFIG),
    }


def sharded_files() -> dict[str, bytes]:
    """The same tensors in two shards with their index."""
    one, two = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
    index = {
        "metadata": {"total_size": len(FLOATS) + len(BIAS)},
        "weight_map": {"b": two, "w": one},
    }
    return {
        one: canonical({"w": TENSORS["w"]}),
        two: canonical({"b": TENSORS["b"]}),
        "model.safetensors.index.json": dump(index),
        "tokenizer.json": dump(TOKENIZER),
        "config.json": dump(CONFIG),
    }


def project(folder: Path, *, artifacts: str = ARTIFACTS, head: str = HEAD, rest: str = "") -> Path:
    """A folder with the smallest model and its release.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    return write(folder, {**model_files(), "release.toml": head + artifacts + rest})


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Both streams, for messages of failing asserts."""
        return f"exit {self.code}\n{self.out}\n{self.err}"

    @property
    def failure(self) -> str:
        """The whole message of the step that failed, without the steps before and the table behind."""
        found = re.search(r"^FAILED +\S+\n\n(.*?)\n\n\nrelease ", self.out, re.DOTALL | re.MULTILINE)
        assert found is not None, self.text
        return found[1]


def run(
    folder: Path,
    *arguments: str,
    command: Sequence[str] = RELEASE_TASKS,
    environ: Mapping[str, str] | None = None,
) -> Done:
    """Run one command in a folder, as a user does."""
    done = subprocess.run(
        [*command, *arguments],
        cwd=folder,
        env={**_ENVIRON, **(environ or {})},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def snapshot(folder: Path) -> dict[str, str]:
    """Every file below a folder with what it holds: `x -> y` for links, else SHA-256."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def freeze_and_release(folder: Path, *, environ: Mapping[str, str] | None = None) -> Done:
    """Freeze whatever is there now and release it; freezing must work, releasing may be refused."""
    frozen = run(folder, "freeze", "--update", environ=environ)
    assert frozen.code == 0, frozen.text
    return run(folder, "release", environ=environ)


def metadata(folder: Path) -> dict[str, object]:
    """metadata.json of the release 0.1.0 in a project."""
    found: dict[str, object] = json.loads((folder / "release/0.1.0/metadata.json").read_bytes())
    return found
