"""The tables of `release.toml`, one frozen record each; defaults are stated here and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from release_tasks.records.frozen_record import frozen
from release_tasks.records.version import Scheme, Version

SCHEMA = 1
DEFAULT_SCHEME: Scheme = "semver"

Scalar = str | int | float | bool
Bundle = Literal["zip", "tar"]
ReleaseType = Literal["model", "dataset", "tooling", "patch", "experimental"]
Numeric = Literal["auto", "v3", "portable", "none"]
SampleCheck = Literal["python", "rust"]
SuiteName = Literal["unit", "integration", "pipeline", "regression"]
BenchFormat = Literal["performance", "pytest-benchmark", "hyperfine", "asv", "lm-eval"]
Direction = Literal["higher", "lower"]
PairKind = Literal["fp32", "quantised"]
JudgeMode = Literal["stub", "local", "command"]
Language = Literal["de", "en", "es", "fr", "ro", "ru"]


@frozen
class Root:
    """`[roots] NAME = "…"`: a folder outside the project, whose files are declared as `NAME:path`.

    `path` is as written (absolute, or relative to the project's root), or as the environment variable
    `RELEASE_ROOTS_<NAME>` says.
    """

    name: str
    path: str


@frozen
class Artifacts:
    """`[artifacts]`: the standard files of a release, relative POSIX paths or `NAME:path`.

    A release of a model has `model`, `config`, and exactly one of `tokenizer` and `preprocessor`;
    `tokenizer_version` is that of either and must change when the file does. A release of tooling has `wheel`
    and `sdist`, a dataset none of these. Only `extra` may hold globs.
    """

    model: tuple[str, ...] = ()
    config: str | None = None
    index: str | None = None
    tokenizer: str | None = None
    tokenizer_version: str | None = None
    preprocessor: str | None = None
    quality: str | None = None
    training: str | None = None
    gguf: tuple[str, ...] = ()
    wheel: str | None = None
    sdist: str | None = None
    extra: tuple[str, ...] = ()


@frozen
class UserStep:
    """`[[step]]`: a command of the user; `reads` are files and globs, `writes` files, `params` sorted."""

    name: str
    command: tuple[str, ...]
    writes: tuple[str, ...]
    reads: tuple[str, ...] = ()
    params: tuple[tuple[str, Scalar], ...] = ()
    seed: int | None = None
    devices: tuple[str, ...] = ()


@frozen
class Source:
    """`[[dataset.sources]]`: where data came from; `record` is the JSON record of its fetch."""

    name: str
    url: str | None = None
    license: str | None = None
    record: str | None = None


@frozen
class Dataset:
    """`[dataset]`: the version of the data, the files (globs) that it names, and what its records must be.

    A file is JSON (one record, or a list of records) or JSON Lines; which files hold records is said by
    `records`, by default all of `files` in .json, .jsonl or .ndjson but the schema, the targets and records
    of fetches. `id`, `weight`, `text`, `category`, `pronouns`, `mock`, `split` and `version_field` are dotted
    names of fields. `categories` must all occur; `targets` is a JSON file of wanted marginals; `critical`,
    `supercritical` and `ethnocultural` fields must not be fallbacks, which `provenance` (a field) tells.
    Records of the files `holdout`, and those whose `split` is one of `holdout_splits`, may not occur among
    the others. Every file below `folder` must be one of `files`.
    """

    version: str
    files: tuple[str, ...]
    records: tuple[str, ...] = ()
    schema: str | None = None
    id: str | None = None
    weight: str | None = None
    text: tuple[str, ...] = ()
    category: str | None = None
    categories: tuple[str, ...] = ()
    language: Language | None = None
    min_chars: int | None = None
    max_chars: int | None = None
    pronouns: str | None = None
    mock: str | None = None
    provenance: str | None = None
    critical: tuple[str, ...] = ()
    supercritical: tuple[str, ...] = ()
    ethnocultural: tuple[str, ...] = ()
    targets: str | None = None
    holdout: tuple[str, ...] = ()
    split: str | None = None
    holdout_splits: tuple[str, ...] = ()
    version_field: str | None = None
    folder: str | None = None
    sources: tuple[Source, ...] = ()


@frozen
class Checkpoint:
    """`[checkpoint]`: how the released weights were selected (R7).

    `record` is a JSON file `{"checkpoints": [{"step": …, "sha256": …, METRIC: …}, …]}`.
    """

    record: str
    metric: str
    direction: Direction


@frozen
class Suite:
    """`[tests.<suite>]`: a command that writes a JUnit XML report, whose path stands for `{report}`."""

    name: SuiteName
    command: tuple[str, ...]
    reads: tuple[str, ...] = ()
    timeout_s: int = 3600


@frozen
class Metric:
    """`[bench.<name>.metrics.<metric>]`: which way is better, the unit, and what is wanted.

    `target` is inclusive; `max_regression` is relative (0.05 = 5 %), None for the policy's. `source` is the
    name in the report where it is another one. An `exact` metric has no noise: a function of the model, the
    settings and the seed, the same on every machine, so that one value says all.
    """

    name: str
    direction: Direction
    unit: str
    target: float | None = None
    max_regression: float | None = None
    source: str | None = None
    exact: bool = False


@frozen
class Benchmark:
    """`[bench.<name>]`: a command that writes a report of one format, whose path stands for `{report}`.

    Without a command the report is imported: `report` is a glob that must match exactly one file.
    `artifact` is the model file that is measured; its digest must be the report's model_hash. `reads` are the
    command's, or what must be the same in the commit of an imported report. `repeats` runs are made, after
    `warmup` runs that do not count.
    """

    name: str
    format: BenchFormat
    metrics: tuple[Metric, ...]
    command: tuple[str, ...] | None = None
    report: str | None = None
    artifact: str | None = None
    reads: tuple[str, ...] = ()
    repeats: int = 1
    warmup: int = 0
    seed: int | None = None
    timeout_s: int = 3600


@frozen
class Pair:
    """`[parity.<pair>]`: two formats of one model, and the command that answers with logits (B6).

    `{model}` in the command stands for the file of one side; `prompts` is JSON Lines, `{"prompt": …}` each.
    Thresholds that are None are the policy's for this kind.
    """

    name: str
    kind: PairKind
    reference: str
    candidate: str
    command: tuple[str, ...]
    prompts: str
    reads: tuple[str, ...] = ()
    steps: int = 32
    seed: int = 0
    min_tau: float | None = None
    max_nll: float | None = None
    timeout_s: int = 3600


@frozen
class Evaluation:
    """`[evaluation.<name>]`: samples judged by a rubric (K24).

    `rubric` is YAML, `samples` JSON Lines. `judge` says who judges: `stub` (a mock), `local` (a Python file
    of the project, `command[0]`), `command` (any program that answers JSON Lines).
    """

    name: str
    rubric: str
    samples: str
    judge: JudgeMode
    command: tuple[str, ...] | None = None
    reads: tuple[str, ...] = ()
    timeout_s: int = 3600


@frozen
class Smoke:
    """`[smoke]`: a command that must work on the packaged release, and how its samples are checked."""

    command: tuple[str, ...]
    check: SampleCheck | tuple[str, ...] | None = None
    reads: tuple[str, ...] = ()
    timeout_s: int = 300


@frozen
class Environment:
    """`[environment]`: the numeric profile, and the variables that steps may see besides the allowed ones."""

    numeric: Numeric = "auto"
    pass_: tuple[str, ...] = ()


@frozen
class Reproduce:
    """`[reproduce]`: where rebuild records are kept, and how far a rebuilt file may be from the released one.

    `records` is a folder of the project. `max_ulp` are units in the last place and `max_abs` an absolute
    difference, of any element of a tensor; `standard_errors` how many of a metric's own standard errors.
    None tolerates nothing.
    """

    records: str = ".release/rebuilds"
    max_ulp: int | None = None
    max_abs: float | None = None
    standard_errors: float | None = None


@frozen
class Versioning:
    """`[versioning]`: what a breaking change and a feature ask for before 1.0.0, as in release-please.

    `bump_minor_pre_major`: a breaking change asks for a minor version; `bump_patch_for_minor_pre_major`: a
    feature asks for a patch. `ignore_config` are dotted keys of the configuration, and all below them, that
    nobody relies on. In `files`, besides release.toml, `bump` replaces the version.
    """

    bump_minor_pre_major: bool = True
    bump_patch_for_minor_pre_major: bool = False
    ignore_config: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@frozen
class Reword:
    """`[[changelog.reword]]`: a commit, 7 to 40 hex digits, and the message that it should have had."""

    commit: str
    message: str


@frozen
class Destination:
    """`[publish.<name>]`: a place where releases go, `uri` being `SCHEME:TARGET`.

    A `production` destination takes models and patches of models only (R4); a `ci_only` one refuses outside
    CI (C25). `aliases` are the moving names that a publication sets last.
    """

    name: str
    uri: str
    production: bool = False
    ci_only: bool = False
    aliases: tuple[str, ...] = ("current", "latest")

    @property
    def scheme(self) -> str:
        """What stands before the first colon: the kind of registry."""
        return self.uri.partition(":")[0]

    @property
    def target(self) -> str:
        """What stands after the first colon: where in that registry."""
        return self.uri.partition(":")[2]


@frozen
class Release:
    """A whole `release.toml`, checked; `overrides` are the environment variables that changed it, sorted.

    A patch has the `base` version whose weights it keeps, and the `reason` for which it is released (R22).
    The scheme of a dataset is `calendar` unless it says otherwise, and its version is that of its data.
    """

    root: Path
    file: Path
    name: str
    version: Version
    artifacts: Artifacts = Artifacts()
    bundles: tuple[Bundle, ...] = ("zip",)
    scheme: Scheme = DEFAULT_SCHEME
    type: ReleaseType = "model"
    base: str | None = None
    reason: str | None = None
    license: str | None = None
    profile: str = "default"
    policy: str | None = None
    docs_version: str | None = None
    architecture: str | None = None
    steps: tuple[UserStep, ...] = ()
    dataset: Dataset | None = None
    checkpoint: Checkpoint | None = None
    tests: tuple[Suite, ...] = ()
    parity: tuple[Pair, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    benchmarks: tuple[Benchmark, ...] = ()
    smoke: Smoke | None = None
    environment: Environment = Environment()
    reproduce: Reproduce = Reproduce()
    versioning: Versioning = Versioning()
    rewords: tuple[Reword, ...] = ()
    publish: tuple[Destination, ...] = ()
    roots: tuple[Root, ...] = ()
    overrides: tuple[tuple[str, str], ...] = ()
