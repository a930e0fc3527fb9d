import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from release_tasks.config.declared import locate
from release_tasks.config.schema import Release
from release_tasks.errors import ConfigErrors
from tests.fakes.json_bends import mutate
from tests.fakes.release_toml import CASES, ROOT, SCHEMA, changed, parse, problems, sample

# The machine is shared: time says nothing about the code here.
QUICK = settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])

STEP = {"name": "train", "command": ["python", "t.py"], "writes": ["w.json"]}

# (what is changed, to what, the whole text of all problems); the JSON Schema must refuse those marked True
BROKEN = [
    ("schema", ..., "schema is missing\n  wanted: schema = 1 as the first key\n  where:  release.toml: schema", True),
    (
        "schema",
        2,
        ("schema is not one that this version of release_tasks reads\n  wanted: 1\n  found:  integer 2\n"
        "  where:  release.toml: schema\n  hint:   use the release_tasks that wrote the file"),
        True,
    ),
    ("schema", True, "wrong type\n  wanted: schema = 1\n  found:  boolean true\n  where:  release.toml: schema", True),
    (
        "relase",
        {},
        ("unknown key\n  wanted: one of artifacts, bench, cards, changelog, checkpoint, dataset, environment, evaluation, parity, publish, release, reproduce, roots, schema, smoke, step, tests, versioning\n"
        "  found:  relase\n  where:  release.toml: relase\n  hint:   did you mean release?"),
        True,
    ),
    (
        "sign",
        {},
        ("unknown key\n  wanted: one of artifacts, bench, cards, changelog, checkpoint, dataset, environment, evaluation, parity, publish, release, reproduce, roots, schema, smoke, step, tests, versioning\n"
        "  found:  sign\n  where:  release.toml: sign\n"
        "  hint:   [sign] comes in a later version of release_tasks"),
        True,
    ),
    (
        "artifacts/modell",
        "x",
        ("unknown key\n  wanted: one of config, extra, gguf, index, model, preprocessor, quality, tokenizer, tokenizer_version, training\n"
        "  found:  modell\n  where:  release.toml: artifacts.modell\n  hint:   did you mean model?"),
        True,
    ),
    (
        "artifacts/a b",
        "x",
        ("unknown key\n  wanted: one of config, extra, gguf, index, model, preprocessor, quality, tokenizer, tokenizer_version, training\n"
        '  found:  a b\n  where:  release.toml: artifacts."a b"'),
        True,
    ),
    ("artifacts", ..., "artifacts is missing\n  wanted: [artifacts] with model, tokenizer and config\n  where:  release.toml: artifacts", True),
    ("artifacts", 3, "wrong type\n  wanted: a table\n  found:  integer 3\n  where:  release.toml: artifacts", True),
    ("artifacts/model", ..., "model is missing\n  wanted: one file, or the list of all shards\n  where:  release.toml: artifacts.model", True),
    ("artifacts/model", [], "list is too short\n  wanted: at least 1\n  found:  a list of 0\n  where:  release.toml: artifacts.model", True),
    (
        "artifacts/model",
        "m.bin",
        ("pickle formats are refused\n  wanted: a format that holds data only, as safetensors does\n  found:  m.bin\n"
        "  where:  release.toml: artifacts.model\n  hint:   convert it to safetensors"),
        True,
    ),
    (
        "artifacts/extra",
        ["a.txt", "b.PKL"],
        ("pickle formats are refused\n  wanted: a format that holds data only, as safetensors does\n  found:  b.PKL\n"
        "  where:  release.toml: artifacts.extra[1]\n  hint:   save tensors as safetensors and records as JSON"),
        True,
    ),
    ("artifacts/model", "m.onnx", "file has the wrong suffix\n  wanted: .safetensors\n  found:  m.onnx\n  where:  release.toml: artifacts.model", True),
    (
        "artifacts/model",
        "../m.safetensors",
        ("path refused: it has a '..' component\n  wanted: a relative POSIX path inside the tree\n"
        "  found:  '../m.safetensors'\n  where:  release.toml: artifacts.model"),
        True,
    ),
    (
        "artifacts/model",
        "*.safetensors",
        ("path refused: it is a pattern\n  wanted: the name of one file, no * ? [ ]\n  found:  *.safetensors\n"
        "  where:  release.toml: artifacts.model"),
        True,
    ),
    (
        "artifacts/model",
        "dat:m.safetensors",
        ("path refused: its root is not declared\n  wanted: a relative POSIX path inside the project\n"
        '  found:  dat:m.safetensors\n  where:  release.toml: artifacts.model\n'
        '  hint:   declare it in [roots], as in data = "/srv/data"'),
        False,
    ),
    ("artifacts/index", "i.json", "index without shards\n  wanted: no index, or two shards and more in model\n  found:  one model file, model.safetensors\n  where:  release.toml: artifacts.index", False),
    (
        "artifacts/preprocessor",
        "p.json",
        ("exactly one of tokenizer and preprocessor must be there\n"
        "  wanted: tokenizer for a model of text, preprocessor for another\n  found:  both\n"
        "  where:  release.toml: artifacts.preprocessor"),
        True,
    ),
    (
        "artifacts/tokenizer",
        ...,
        ("exactly one of tokenizer and preprocessor must be there\n"
        "  wanted: tokenizer for a model of text, preprocessor for another\n  found:  neither\n"
        "  where:  release.toml: artifacts.tokenizer"),
        True,
    ),
    (
        "artifacts/extra",
        ["other/Config.YAML"],
        ("two files would be Config.YAML in the release\n  found: other/Config.YAML and config.json\n"
        "  where: release.toml: artifacts.extra[0]"),
        False,
    ),
    (
        "artifacts/extra",
        ["x/metadata.json"],
        ("two files would be metadata.json in the release\n"
        "  found: x/metadata.json and metadata.json, which packaging writes\n  where: release.toml: artifacts.extra[0]"),
        False,
    ),
    (
        "artifacts/extra",
        ["a/**b"],
        ("glob refused: ** stands beside other characters\n"
        "  wanted: ** as a whole component, as in data/**/*.json\n  found:  a/**b\n"
        "  where:  release.toml: artifacts.extra[0]"),
        True,
    ),
    ("artifacts/extra", ["a[b"], "glob refused: a bracket has no partner\n  wanted: [abc] or [!abc]\n  found:  a[b\n  where:  release.toml: artifacts.extra[0]", False),
    ("artifacts/gguf", "a.gguf", 'wrong type\n  wanted: a list of strings\n  found:  string "a.gguf"\n  where:  release.toml: artifacts.gguf', True),
    ("artifacts/gguf", ["a.gguf", "a.gguf"], 'value is listed twice\n  found: string "a.gguf"\n  where: release.toml: artifacts.gguf[1]', True),
    ("release/name", "a b", 'text refused\n  wanted: letters and digits with single . _ - between them, at most 100\n  found:  string "a b"\n  where:  release.toml: release.name', True),
    ("release/name", "Con", "path refused: it has a component that Windows reserves\n  wanted: a relative POSIX path inside the tree\n  found:  'Con'\n  where:  release.toml: release.name", False),
    (
        "release/version",
        "1.0",
        ("version is not SemVer 2.0.0\n"
        "  wanted: MAJOR.MINOR.PATCH, then -PRERELEASE or +BUILD if need be; no leading zeros\n"
        "  found:  '1.0'\n  where:  release.toml: release.version\n  hint:   write all three numbers, as in 1.0.0"),
        True,
    ),
    ("release/version", 1, "wrong type\n  wanted: a string\n  found:  integer 1\n  where:  release.toml: release.version", True),
    ("release/scheme", "semvr", 'value refused\n  wanted: one of semver, calendar\n  found:  string "semvr"\n  where:  release.toml: release.scheme\n  hint:   did you mean semver?', True),
    ("release/bundles", ["rar"], 'value refused\n  wanted: one of zip, tar\n  found:  string "rar"\n  where:  release.toml: release.bundles[0]\n  hint:   did you mean tar?', True),
    ("release/type", "modle", 'value refused\n  wanted: one of model, dataset, tooling, patch, experimental\n  found:  string "modle"\n  where:  release.toml: release.type\n  hint:   did you mean model?', True),
    ("release/profile", "", 'text refused\n  wanted: one line, not empty, no control characters\n  found:  string ""\n  where:  release.toml: release.profile', True),
    ("artifacts/tokenizer_version", 1, "wrong type\n  wanted: a string\n  found:  integer 1\n  where:  release.toml: artifacts.tokenizer_version", True),
    ("release/license", " ", 'text refused\n  wanted: one line, not empty, no control characters\n  found:  string " "\n  where:  release.toml: release.license', True),
    ("release/policy", "x:p.yml", "path refused: it names a root\n  wanted: a relative POSIX path inside the project\n  found:  x:p.yml\n  where:  release.toml: release.policy", True),
    ("roots", {"Data": "/x"}, 'text refused\n  wanted: a-z, then also 0-9 _ -\n  found:  string "Data"\n  where:  release.toml: roots.Data', True),
    ("roots", {"a-b": "/x", "a_b": "/y"}, "two roots are overridden by one variable, RELEASE_ROOTS_A_B\n  found: a-b and a_b\n  where: release.toml: roots.a_b", False),
    ("dataset", {"version": "1", "files": []}, "list is too short\n  wanted: at least 1\n  found:  a list of 0\n  where:  release.toml: dataset.files", True),
    ("smoke", {"command": "python x.py"}, 'wrong type\n  wanted: a list of strings\n  found:  string "python x.py"\n  where:  release.toml: smoke.command\n  hint:   write a list; no shell is used', True),
    ("smoke", {"command": ["x"], "timeout_s": 0}, "number out of range\n  wanted: 1 to 86400\n  found:  integer 0\n  where:  release.toml: smoke.timeout_s", True),
    ("smoke", {"command": ["x"], "timeout_s": True}, "wrong type\n  wanted: an integer\n  found:  boolean true\n  where:  release.toml: smoke.timeout_s", True),
    ("smoke", {"command": ["x"], "check": "pyton"}, 'value refused\n  wanted: python, rust, or a command as a list\n  found:  string "pyton"\n  where:  release.toml: smoke.check\n  hint:   did you mean python?', True),
    ("smoke", {"command": ["x", "{relase}"]}, "command has an unknown placeholder {relase}\n  wanted: one of {release}\n  found:  {relase}\n  where:  release.toml: smoke.command[1]\n  hint:   did you mean release?", False),
    ("smoke", {"command": ["x", "{"]}, "command has a brace without a partner\n  found: {\n  where: release.toml: smoke.command[1]\n  hint:  write {{ or }} for a brace itself", False),
    ("environment", {"numeric": "v4"}, 'value refused\n  wanted: one of auto, v3, portable, none\n  found:  string "v4"\n  where:  release.toml: environment.numeric', True),
    (
        "environment",
        {"pass": ["OMP_NUM_THREADS"]},
        ("variable refused: the numeric profile sets it\n"
        "  wanted: a variable that does not begin with OPENBLAS_, OMP_, NPY_, MKL_\n  found:  OMP_NUM_THREADS\n"
        "  where:  release.toml: environment.pass[0]\n  hint:   choose the profile with numeric in [environment]"),
        True,
    ),
    ("step", STEP, "wrong type\n  wanted: an array of tables, written [[step]]\n  found:  a table\n  where:  release.toml: step", True),
    ("step", [3], "wrong type\n  wanted: a table\n  found:  integer 3\n  where:  release.toml: step[0]", True),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "message", "in_schema"), BROKEN)
def test_whole_message(path: str, value: Any, message: str, in_schema: Any) -> None:
    assert problems(changed(path, value)) == message


@pytest.mark.parametrize(("path", "value", "message", "in_schema"), BROKEN)
def test_json_schema_refuses_what_it_can_express(path: str, value: Any, message: str, in_schema: Any) -> None:
    assert SCHEMA.is_valid(changed(path, value)) != in_schema


@pytest.mark.parametrize("case", sorted(path.parent.name for path in CASES.glob("*/release.toml")))
def test_json_schema_takes_every_sample(case: str) -> None:
    SCHEMA.validate(sample(case))


def test_all_problems_at_once_in_the_order_of_the_file() -> None:
    document = sample("full")
    document["zzz"] = 1
    document["release"]["version"] = "x"
    document["artifacts"]["config"] = 5
    document["step"][1]["reads"][1] = "/etc/passwd"
    document["step"][0]["seed"] = "7"
    del document["release"]["name"]
    with pytest.raises(ConfigErrors) as caught:
        parse(document)
    assert [problem.where for problem in caught.value.problems] == [
        "release.toml: release.name",
        "release.toml: release.version",
        "release.toml: artifacts.config",
        "release.toml: step[0].seed",
        "release.toml: step[1].reads[1]",
        "release.toml: zzz",
    ]
    assert str(caught.value).startswith("6 problems in the configuration:\nname is missing\n")


def test_shards_must_be_complete_and_indexed() -> None:
    document = sample("sharded")
    del document["artifacts"]["index"]
    document["artifacts"]["model"][1] = "weights/model-00002-of-00003.safetensors"
    assert problems(document) == (
        "index is missing\n  wanted: the index of the shards, as model.safetensors.index.json\n"
        "  where:  release.toml: artifacts.index\n"
        "shard has the wrong name\n  wanted: model-00001-of-00002.safetensors to model-00002-of-00002.safetensors\n"
        "  found:  model-00002-of-00003.safetensors\n  where:  release.toml: artifacts.model[1]\n"
        "  hint:   2 shards are listed; this name counts 3"
    )


def test_environment_overrides_are_used_and_recorded() -> None:
    release = parse(
        sample("full"), RELEASE_VERSION="3.0.0", RELEASE_ROOTS_DATA="/mnt/d", RELEASE_ROOT="/p", OTHER="x"
    )
    assert release.version.text == "3.0.0"
    assert release.roots[0].path == "/mnt/d"
    assert release.overrides == (
        ("RELEASE_ROOT", "/p"),
        ("RELEASE_ROOTS_DATA", "/mnt/d"),
        ("RELEASE_VERSION", "3.0.0"),
    )
    assert locate(release, "data:a/b.json") == Path("/mnt/d/a/b.json")
    assert locate(release, "a.json") == ROOT / "a.json"


def test_empty_override_counts_as_unset() -> None:
    release = parse(sample("minimal"), RELEASE_VERSION="")
    assert release.version.text == "1.0.0"
    assert release.overrides == ()


def test_bad_override_names_the_variable() -> None:
    text = problems(sample("full"), RELEASE_VERSION="v3.0.0", RELEASE_ROOTS_DATA="a\nb")
    assert text == (
        "version is not SemVer 2.0.0\n"
        "  wanted: MAJOR.MINOR.PATCH, then -PRERELEASE or +BUILD if need be; no leading zeros\n"
        "  found:  'v3.0.0'\n  where:  environment variable RELEASE_VERSION\n"
        "  hint:   write 3.0.0: the tag adds the v\n"
        'text refused\n  wanted: one line, not empty, no control characters\n  found:  string "a\\nb"\n'
        "  where:  environment variable RELEASE_ROOTS_DATA"
    )


@pytest.mark.parametrize("case", ["minimal", "full", "sharded"])
def test_parsing_leaves_the_document_alone(case: str) -> None:
    document = sample(case)
    before = copy.deepcopy(document)
    assert isinstance(parse(document), Release)
    assert document == before


KEYS = st.sampled_from(
    [
        "schema",
        "release",
        "artifacts",
        "step",
        "dataset",
        "smoke",
        "environment",
        "roots",
        "checkpoint",
        "tests",
        "parity",
        "evaluation",
        "bench",
        "metrics",
        "report",
        "unit",
        "name",
        "version",
        "model",
        "config",
        "tokenizer",
        "index",
        "gguf",
        "extra",
        "command",
        "reads",
        "writes",
        "params",
        "seed",
        "devices",
        "check",
        "timeout_s",
        "numeric",
        "pass",
        "files",
        "bundles",
        "scheme",
    ]
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.dates(),
    st.sampled_from([1, "a.json", "a.safetensors", "x:y", "{reads}", "1.0.0", "zip", "*"]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(KEYS, st.text(max_size=5)), inner, max_size=5)
    ),
    max_leaves=12,
)


@QUICK
@given(st.dictionaries(st.one_of(KEYS, st.text(max_size=5)), VALUES, max_size=6), st.booleans())
def test_any_mapping_is_a_release_or_config_errors(document: Any, with_schema: Any) -> None:
    if with_schema:
        document["schema"] = 1
    places: list[str | None] | None = None
    try:
        assert isinstance(parse(document), Release)
    except ConfigErrors as error:
        places = [problem.where for problem in error.problems]
    assert places is None or (places and all(places))


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    document = sample(draw(st.sampled_from(["minimal", "full", "sharded"])))
    mutate(draw, document, VALUES, least=1)
    return document


@QUICK
@given(mutated())
def test_any_mutated_sample_is_a_release_or_config_errors(document: Any) -> None:
    """What the parser takes, the JSON Schema takes too."""
    places: list[str | None] | None = None
    try:
        assert isinstance(parse(document), Release)
    except ConfigErrors as error:
        places = [problem.where for problem in error.problems]
    assert places is None or (places and all(places))
    assert places or SCHEMA.is_valid(document)
