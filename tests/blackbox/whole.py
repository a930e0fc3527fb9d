"""A project that uses every table of release.toml, so that every kind of evidence is there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from tests.blackbox.foreign import HEAD, dump
from tests.fakes.small_dataset import FETCH, TABLE, TARGETS, dataset_files, record
from tests.fakes.tiny_logits import COMMAND, gguf, pair, prompts, safetensors

_RUNNER = '''"""A report of one test, as any runner may write it."""
import pathlib, sys

name, report = sys.argv[1:]
case = f'<testcase classname="{name}" name="works"/>'
pathlib.Path(report).write_text(f'<testsuite name="{name}" tests="1">{case}</testsuite>', "utf-8")
'''
_BENCH = '''"""Times, in hyperfine's format."""
import json, pathlib, sys

times = [0.02, 0.0201, 0.0199, 0.0202, 0.0198, 0.02]
result = {"command": "speed", "times": times, "exit_codes": [0] * len(times)}
pathlib.Path(sys.argv[1]).write_text(json.dumps({"results": [result]}))
'''
_JUDGE = '''"""Every sample is as it should be."""


def judge(request):
    return {"correct": 1.0}
'''
_RUBRIC = """schema: 1
threshold: 0.5
sample_size: 2
seed: 7
criteria:
  correct: {weight: 1, description: Does what is asked}
instruction: "Judge {{ sample.text }}."
"""
_MAKE = '''"""The table of letters, from the words."""
import json, pathlib

letters = sorted(set(pathlib.Path("words.txt").read_text("utf-8").strip()))
pathlib.Path("letters.json").write_text(json.dumps(letters), "utf-8")
'''
_CARDS = {
    "model": (
        "Overview",
        "Intended use",
        "Training data",
        "Limitations",
        "Ethical considerations",
        "Evaluation and tests",
        "Deployment",
        "Maintenance",
        "Licences",
        "Citation",
    ),
    "data": ("Overview", "Uses", "Ethical considerations", "Licensing", "Contact"),
}
_SUITE = """
[tests.{name}]
command = ["python", "runner.py", "{name}", "{{report}}"]
reads = ["runner.py"]
"""
TOML = f"""{HEAD}
[artifacts]
model = "model.safetensors"
tokenizer = "tokenizer.json"
tokenizer_version = "1"
config = "config.json"
training = "training.json"
gguf = ["model.gguf"]

[checkpoint]
record = "training.json"
metric = "loss"
direction = "lower"

[[step]]
name = "letters"
command = ["python", "make.py"]
reads = ["make.py", "words.txt"]
writes = ["letters.json"]

[smoke]
command = ["python", "-c", "print('answer = 42')"]
check = "python"

[evaluation.style]
rubric = "rubric.yml"
samples = "samples.jsonl"
judge = "local"
command = ["judge.py"]
reads = ["judge.py"]

[bench.speed]
format = "hyperfine"
command = ["python", "bench.py", "{{report}}"]
artifact = "model.safetensors"
reads = ["bench.py"]
[bench.speed.metrics]
token_s = {{ direction = "lower", unit = "s", source = "speed", target = 0.05 }}
{"".join(_SUITE.format(name=name) for name in ("unit", "integration", "pipeline", "regression"))}
{pair()}
[cards]
model = "cards/model.md"
data = "cards/data.md"
"""
TOKENIZER = {"version": "1.0", "model": {"type": "WordLevel", "vocab": {"a": 0}}}


def whole_project(*, fetched_at: str) -> Mapping[str, bytes | str]:
    """Every file of the project, by relative path; its data were fetched at a moment in UTC."""
    weights = safetensors()
    digest = hashlib.sha256(weights).hexdigest()
    checkpoints = [{"step": 1, "sha256": digest, "loss": 0.5}, {"step": 2, "sha256": "0" * 64, "loss": 0.75}]
    samples = "".join(json.dumps({"id": f"s{n}", "text": "x"}) + "\n" for n in range(3))
    return {
        **{
            f"cards/{name}.md": "\n".join(f"## {title}\n\nAs people see it.\n" for title in titles)
            for name, titles in _CARDS.items()
        },
        **dataset_files([record(n) for n in range(60)]),
        "targets.json": dump(TARGETS),
        "census.json": dump({**FETCH, "fetched_at": fetched_at}),
        "release.toml": f"{TOML}\n{TABLE}",
        "model.safetensors": weights,
        "model.gguf": gguf(),
        "tokenizer.json": dump(TOKENIZER),
        "config.json": dump({"letters": 12}),
        "training.json": dump({"seed": 7, "checkpoints": checkpoints}),
        "logits.py": COMMAND,
        "prompts.jsonl": prompts(),
        "runner.py": _RUNNER,
        "bench.py": _BENCH,
        "judge.py": _JUDGE,
        "make.py": _MAKE,
        "words.txt": "banana\n",
        "rubric.yml": _RUBRIC,
        "samples.jsonl": samples,
    }


def make_whole(folder: Path, *, fetched_at: str) -> Path:
    """Write the project."""
    for name, data in whole_project(fetched_at=fetched_at).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
    return folder
