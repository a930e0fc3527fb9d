"""Examples of further tables of release.toml, as comments that are right when uncommented."""

from __future__ import annotations

# MODEL and GGUF stand for files that [artifacts] declares.
MORE = """\
# The commands that make the artifacts. One runs again when what it reads, or itself, changed.
# [[step]]
# name = "train"
# command = ["python", "train.py", "--seed", "{seed}", "--lr", "{params.lr}", "--out", "{writes}"]
# reads = ["train.py", "data/**/*.json"]  # all that it reads, scripts too
# writes = ["build/model.safetensors"]
# params = { lr = 0.001 }
# seed = 7

# The data that the model was made of, and what its records must be.
# [dataset]
# version = "1.0.0"  # it must change when the data do
# files = ["data/**/*.json"]
# schema = "data/schema.json"  # JSON Schema of a record
# id = "id"
# text = ["text"]
# min_chars = 1
# max_chars = 10000

# Where the data came from, one table for each source.
# [[dataset.sources]]
# name = "our own texts"
# license = "CC0-1.0"

# How the released weights were selected: the record lists all checkpoints with their SHA-256.
# [checkpoint]
# record = "build/training.json"
# metric = "validation_loss"
# direction = "lower"

# Your tests, each with a JUnit XML report: unit, integration, pipeline, regression.
# [tests.unit]
# command = ["python", "-m", "pytest", "tests", "--junitxml={report}"]
# reads = ["tests/**/*.py"]

# What is measured of the model, and what is wanted of each metric. Benchmarks run last, and alone.
# [bench.speed]
# format = "performance"  # performance, pytest-benchmark, hyperfine, asv or lm-eval
# command = ["python", "bench.py", "{artifact}", "--seed", "{seed}", "--out", "{report}"]
# artifact = "MODEL"
# reads = ["bench.py"]
# repeats = 5
# warmup = 1
# seed = 7

# [bench.speed.metrics.throughput_tps]
# direction = "higher"
# unit = "tokens/s"
# target = 100
# max_regression = 0.05  # of the baseline: 5 %

# Two formats of the model that must answer alike.
# [parity.q8_0]
# kind = "quantised"  # or "fp32"
# reference = "MODEL"
# candidate = "GGUF"
# command = ["python", "logits.py", "{model}"]
# prompts = "data/prompts.jsonl"  # {"prompt": …} on each line
# reads = ["logits.py"]

# Samples judged by a rubric.
# [evaluation.style]
# rubric = "rubric.yml"
# samples = "build/samples.jsonl"
# judge = "local"  # a Python file of yours; or "command", or "stub", a mock that no release may rest on
# command = ["judge.py"]
# reads = ["judge.py"]  # and all that it imports

# A command that loads the model, and prints a sample that must pass the check.
# [smoke]
# command = ["python", "generate.py", "{release}"]  # {release}: the folder of the release
# check = "python"  # or "rust", or a command of yours
# reads = ["generate.py"]

# What the commands see of the machine.
# [environment]
# numeric = "auto"  # auto, v3, portable or none
# pass = ["CUDA_VISIBLE_DEVICES"]  # variables besides the usual ones

# Where 'doit reproduce' records what it rebuilt, and how far that may be from what is released.
# [reproduce]
# records = "rebuilds"  # a folder that may be committed or shared
# max_ulp = 4  # units in the last place; without it every bit counts

# The words of the model card that only people can say, one "## Section" each.
# [cards]
# model = "cards/model.md"
# language = ["en"]
# tags = ["code"]

# What a breaking change and a feature ask for before 1.0.0; further files that carry the version.
# [versioning]
# bump_minor_pre_major = true
# files = ["pyproject.toml"]  # 'doit bump' replaces the version in them too

# What a commit that is pushed already should have said.
# [[changelog.reword]]
# commit = "0123456789ab"
# message = "fix: prompts may be empty"

# Where 'doit publish store' sends a release: directory:FOLDER, file:FILE.tar or github:OWNER/REPO.
# [publish.store]
# uri = "directory:/srv/models"
# production = true  # models, and patches of models, only
# ci_only = true  # refused outside CI
"""
