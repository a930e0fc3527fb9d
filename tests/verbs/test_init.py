from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
import yaml
from doit.doit_cmd import DoitConfig
from hypothesis import given, settings
from hypothesis import strategies as st

from release_tasks.config.load import load_policy, load_release
from release_tasks.config.plain_yaml import parse_plain_yaml
from release_tasks.config.policy import Policy
from release_tasks.config.schema import Release
from release_tasks.errors import ConfigError, ConfigErrors, StorageError
from release_tasks.policy.gates import DEFAULT_POLICY, GATES, KNOWN_GATES, KNOWN_THRESHOLDS
from release_tasks.policy.thresholds import THRESHOLDS
from release_tasks.system import disk
from release_tasks.verbs import init as verb
from release_tasks.verbs.init import init
from release_tasks.verbs.registration import BACKENDS, COMMANDS, GLOBAL, REPORTERS

MINIMAL = ("model.safetensors", "tokenizer.json", "config.json")
WRITTEN = (
    ".release/release.schema.json",
    ".release/policy.schema.json",
    "release_policy.yml",
    "dodo.py",
    "doit.cfg",
    ".gitignore",
    "release.toml",
)


def project(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


def load(folder: Path) -> Release:
    """The release as loaded, after its text was held against the published schema."""
    document = tomllib.loads((folder / "release.toml").read_text(encoding="utf-8"))
    schema = json.loads((folder / ".release" / "release.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)
    return load_release(folder / "release.toml", environ={})


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def comments(folder: Path) -> list[str]:
    return [line for line in (folder / "release.toml").read_text().splitlines() if line.startswith("#")]


def test_flat_folder_is_found_and_everything_written_loads(tmp_path: Path) -> None:
    project(tmp_path, *MINIMAL, "tokenizer_config.json", "README.md")
    assert init(tmp_path, name="tiny", version="1.2.0") == WRITTEN
    release = load(tmp_path)
    assert (release.name, release.version.text) == ("tiny", "1.2.0")
    assert release.artifacts.model == ("model.safetensors",)
    assert (release.artifacts.tokenizer, release.artifacts.config) == ("tokenizer.json", "config.json")
    assert release.artifacts.extra == ("tokenizer_config.json",)
    assert (tmp_path / "dodo.py").read_text() == (
        "import release_tasks\n\n"
        'project = release_tasks.Project("release.toml")\n'
        "DOIT_CONFIG = project.doit_config\n"
    )
    assert (tmp_path / ".gitignore").read_text() == "/.release/\n/release/\n/experiments/\n__pycache__/\n"
    assert (tmp_path / "release.toml").read_text().startswith("#:schema ./.release/release.schema.json\n")


def test_policy_lists_every_gate_as_it_counts_without_a_policy(tmp_path: Path) -> None:
    init(project(tmp_path, *MINIMAL))
    path = tmp_path / "release_policy.yml"
    policy = load_policy(path, known_gates=KNOWN_GATES, known_thresholds=KNOWN_THRESHOLDS)
    usual = dict(DEFAULT_POLICY.gates)
    assert dict(policy.gates) == {gate: usual.get(gate, "hard") for gate in KNOWN_GATES}
    assert dict(policy.gates)["weights-canonical"] == "soft"
    assert replace(policy, gates=(), soft_allowed=()) == Policy()
    assert policy.soft_allowed == ("smoke",)
    text = path.read_text()
    assert [gate.name for gate in GATES if gate.doc not in text] == []
    schema = json.loads((tmp_path / ".release" / "policy.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(yaml.safe_load(text))


def uncommented(text: str, example: str) -> str:
    """Take the comment sign from every line that is an example: prose begins with a capital letter."""
    return re.sub(rf"^# (?={example})", "", text, flags=re.MULTILINE)


def test_every_example_of_the_policy_is_right_when_uncommented(tmp_path: Path) -> None:
    """K3: every threshold stands there with its default and what it limits."""
    init(project(tmp_path, *MINIMAL))
    path = tmp_path / "release_policy.yml"
    path.write_text(uncommented(path.read_text(), "[a-z_]+:|  "))
    policy = load_policy(path, known_gates=KNOWN_GATES, known_thresholds=KNOWN_THRESHOLDS)
    assert dict(policy.thresholds) == {
        name: threshold.default for name, threshold in THRESHOLDS.items() if threshold.default is not None
    }
    assert [name for name, threshold in THRESHOLDS.items() if f"{name}: " not in path.read_text()] == []
    assert [name for name, threshold in THRESHOLDS.items() if threshold.doc not in path.read_text()] == []
    assert policy.strict is True
    assert policy.required == tuple(sorted(gate.name for gate in GATES if gate.undeclared is not None))
    assert policy.mock_patterns == Policy().mock_patterns
    assert [waiver.gate for waiver in policy.waivers] == ["smoke"]
    assert [item.path for item in policy.exceptions] == ["README.md"]
    assert [name for name, _ in policy.profiles] == ["nightly"]
    schema = json.loads((tmp_path / ".release" / "policy.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(parse_plain_yaml(path.read_text(), where="policy"))


@pytest.mark.parametrize(
    "names", [MINIMAL, (*MINIMAL, "a-Q8_0.gguf"), ('build/"odd"/model.safetensors', *MINIMAL[1:])]
)
def test_every_example_of_release_toml_is_right_when_uncommented(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    init(project(tmp_path, *names))
    path = tmp_path / "release.toml"
    path.write_text(uncommented(path.read_text(), r"\[|[a-z_]+ = "))
    release = load(tmp_path)
    assert release.dataset is not None
    assert len(release.dataset.sources) == 1
    assert release.checkpoint is not None
    assert [step.name for step in release.steps] == ["train"]
    assert [suite.name for suite in release.tests] == ["unit"]
    assert [len(item.metrics) for item in release.benchmarks] == [1]
    assert release.parity[0].candidate in release.artifacts.gguf
    assert [(item.judge, item.reads) for item in release.evaluations] == [("local", ("judge.py",))]
    assert release.smoke is not None
    assert release.environment.pass_ == ("CUDA_VISIBLE_DEVICES",)
    assert (release.reproduce.records, release.reproduce.max_ulp) == ("rebuilds", 4)
    assert release.cards is not None
    assert (release.cards.model, release.cards.tags) == ("cards/model.md", ("code",))
    assert release.versioning.files == ("pyproject.toml",)
    assert [item.message for item in release.rewords] == ["fix: prompts may be empty"]
    assert [(item.name, item.uri, item.ci_only) for item in release.publish] == [
        ("store", "directory:/srv/models", True)
    ]
    assert release.artifacts.tokenizer_version == "1"
    schema = json.loads((tmp_path / ".release" / "release.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(tomllib.loads(path.read_text()))
    assert set(schema["properties"]) - {"roots"} == set(tomllib.loads(path.read_text()))


def test_shards_with_their_index_are_one_candidate(tmp_path: Path) -> None:
    shards = tuple(f"model/model-0000{number}-of-00003.safetensors" for number in (1, 2, 3))
    index = "model/model.safetensors.index.json"
    init(project(tmp_path, *shards, index, "model/preprocessor_config.json", "model/config.yaml"))
    artifacts = load(tmp_path).artifacts
    assert (artifacts.model, artifacts.index) == (shards, index)
    assert (artifacts.tokenizer, artifacts.preprocessor) == (None, "model/preprocessor_config.json")
    assert artifacts.config == "model/config.yaml"


@pytest.mark.parametrize(
    ("names", "line"),
    [
        pytest.param(
            ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"),
            "# INCOMPLETE: the index of the shards is missing.",
            id="no-index",
        ),
        pytest.param(
            ("model-00001-of-00002.safetensors", "model.safetensors.index.json"),
            "# INCOMPLETE: 1 of 2 shards is there; the first that lacks is model-00002-of-00002.safetensors.",
            id="no-shard",
        ),
    ],
)
def test_incomplete_shards_are_said_to_be_so_and_not_taken(
    tmp_path: Path, names: tuple[str, ...], line: str
) -> None:
    init(project(tmp_path, *names, "tokenizer.json", "config.json"))
    assert line in comments(tmp_path)
    assert '# index = "model.safetensors.index.json"' in comments(tmp_path)
    with pytest.raises(ConfigErrors):
        load_release(tmp_path / "release.toml", environ={})


def test_several_candidates_are_all_listed_and_none_is_taken(tmp_path: Path) -> None:
    init(project(tmp_path, "a.safetensors", "b.safetensors", *MINIMAL[1:], "config.yaml"))
    lines = comments(tmp_path)
    at = lines.index("# CHOOSE: several files could be the weights.")
    assert lines[at + 1 : at + 3] == ['# model = "a.safetensors"', '# model = "b.safetensors"']
    at = lines.index("# CHOOSE: several files could be it.")
    assert lines[at + 1 : at + 3] == ['# config = "config.json"', '# config = "config.yaml"']
    document = tomllib.loads((tmp_path / "release.toml").read_text())
    assert document["artifacts"] == {"tokenizer": "tokenizer.json"}


def test_nearest_candidate_is_taken_and_the_others_are_named(tmp_path: Path) -> None:
    init(project(tmp_path, *MINIMAL, "build/model.safetensors", "deep/er/config.json"))
    assert load(tmp_path).artifacts.model == ("model.safetensors",)
    assert '# Further away, not taken: ["build/model.safetensors"]' in comments(tmp_path)
    assert '# Further away, not taken: ["deep/er/config.json"]' in comments(tmp_path)


def test_files_beside_the_weights_come_before_those_of_the_project(tmp_path: Path) -> None:
    init(project(tmp_path, *(f"checkpoint/{name}" for name in MINIMAL), "config.yaml"))
    artifacts = load(tmp_path).artifacts
    assert artifacts.config == "checkpoint/config.json"
    assert '# Further away, not taken: ["config.yaml"]' in comments(tmp_path)


@pytest.mark.parametrize(
    "folder", [".git", ".venv", "node_modules", "release/1.0.0", "__pycache__", "a/b/c/d"]
)
def test_folders_that_hold_no_model_of_the_user_are_passed_over(tmp_path: Path, folder: str) -> None:
    init(project(tmp_path, *MINIMAL[1:], f"{folder}/model.safetensors"))
    assert "# None was found. Name the file, or the one that a step below will make:" in comments(tmp_path)
    assert folder not in (tmp_path / "release.toml").read_text()


def test_environment_of_any_name_is_passed_over(tmp_path: Path) -> None:
    init(project(tmp_path, *MINIMAL, "py311/pyvenv.cfg", "py311/x/config.json"))
    assert "py311" not in (tmp_path / "release.toml").read_text()


def test_gguf_files_of_one_name_are_not_taken(tmp_path: Path) -> None:
    init(project(tmp_path, *MINIMAL, "model/a.gguf", "build/A.gguf"))
    assert load(tmp_path).artifacts.gguf == ()
    assert '# gguf = ["build/A.gguf", "model/a.gguf"]' in comments(tmp_path)


def test_gguf_beside_the_weights_is_taken(tmp_path: Path) -> None:
    init(project(tmp_path, *MINIMAL, "a-Q8_0.gguf", "a-F32.gguf"))
    assert load(tmp_path).artifacts.gguf == ("a-F32.gguf", "a-Q8_0.gguf")


def test_pickles_alone_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    project(tmp_path, "pytorch_model.bin", "config.json", "build/last.pt")
    before = contents(tmp_path)
    with pytest.raises(ConfigError) as caught:
        init(tmp_path)
    assert str(caught.value) == (
        "the only weights are in a format that runs code when it is loaded\n"
        "  wanted: safetensors\n"
        "  found:  pytorch_model.bin, build/last.pt\n"
        "  hint:   convert them: load the tensors where you trust the file, then "
        'safetensors.torch.save_file(tensors, "model.safetensors")'
    )
    assert contents(tmp_path) == before
    project(tmp_path, *MINIMAL)
    init(tmp_path)


def test_data_in_a_bin_file_is_no_pickle_of_weights(tmp_path: Path) -> None:
    assert "release.toml" in init(project(tmp_path, "data/train.bin"))


def test_existing_file_stops_everything_unless_forced(tmp_path: Path) -> None:
    project(tmp_path, *MINIMAL)
    (tmp_path / "release_policy.yml").write_text("mine")
    before = contents(tmp_path)
    with pytest.raises(ConfigError) as caught:
        init(tmp_path)
    assert str(caught.value) == (
        "init would overwrite files\n"
        "  wanted: a folder without them\n"
        "  found:  release_policy.yml\n"
        f"  where:  {tmp_path}\n"
        "  hint:   remove them, or overwrite them with --force"
    )
    assert contents(tmp_path) == before
    assert init(tmp_path, force=True) == WRITTEN
    assert (tmp_path / "release_policy.yml").read_text() != "mine"


def test_second_init_with_force_writes_the_same_and_registers_once(tmp_path: Path) -> None:
    init(project(tmp_path, *MINIMAL))
    before = contents(tmp_path)
    again = init(tmp_path, force=True)
    assert again == tuple(name for name in WRITTEN if name not in {"dodo.py", "doit.cfg", ".gitignore"})
    assert contents(tmp_path) == before


def test_dodo_of_the_user_with_our_project_stays_as_it_is(tmp_path: Path) -> None:
    project(tmp_path, *MINIMAL)
    text = 'import release_tasks\np = release_tasks.Project("release.toml")\ndef task_mine(): ...\n'
    (tmp_path / "dodo.py").write_text(text)
    assert "dodo.py" not in init(tmp_path)
    assert (tmp_path / "dodo.py").read_text() == text


def test_dodo_of_the_user_without_our_project_is_refused_with_the_lines_to_add(tmp_path: Path) -> None:
    project(tmp_path, *MINIMAL)
    (tmp_path / "dodo.py").write_text("def task_mine(): ...\n")
    with pytest.raises(ConfigError) as caught:
        init(tmp_path)
    assert caught.value.hint == (
        "remove them, or overwrite them with --force; to keep dodo.py add to it:\n"
        "import release_tasks\n\n"
        'project = release_tasks.Project("release.toml")\n'
        "DOIT_CONFIG = project.doit_config"
    )


def assert_doit_sees_the_registration(config: Mapping[str, Mapping[str, str]]) -> None:
    assert dict(config["GLOBAL"]) == GLOBAL
    assert dict(config["COMMAND"]) == COMMANDS
    assert dict(config["BACKEND"]) == BACKENDS
    assert dict(config["REPORTER"]) == REPORTERS


def doit_config(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Mapping[str, str]]:
    monkeypatch.chdir(folder)
    loaded = DoitConfig()
    loaded.loads([name])
    return {section: dict(options) for section, options in loaded.config.items()}


def test_registration_in_doit_cfg_is_what_doit_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    init(project(tmp_path, *MINIMAL))
    assert_doit_sees_the_registration(doit_config(tmp_path, "doit.cfg", monkeypatch))


@pytest.mark.parametrize(
    "text", ["", '[project]\nname = "x"', '[project]\nname = "x"\n', "[tool.x]\r\na = 1\r\n"]
)
def test_registration_in_pyproject_is_what_doit_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    project(tmp_path, *MINIMAL)
    path = tmp_path / "pyproject.toml"
    path.write_bytes(text.encode())
    assert "doit.cfg" not in init(tmp_path)
    assert path.read_bytes().startswith(text.encode())
    assert path.read_bytes().count(b"\r\n") in {0, path.read_bytes().count(b"\n")}
    assert_doit_sees_the_registration(doit_config(tmp_path, "pyproject.toml", monkeypatch))
    assert "pyproject.toml" not in init(tmp_path, force=True)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "[tool.doit]\nverbosity = 2\n"),
        ("pyproject.toml", "tool = { x = 1 }\n"),
        ("doit.cfg", "[GLOBAL]\nverbosity = 2\n"),
    ],
)
@pytest.mark.parametrize("force", [False, True])
def test_configuration_of_doit_is_never_rewritten(tmp_path: Path, name: str, text: str, force: bool) -> None:  # noqa: FBT001
    project(tmp_path, *MINIMAL)
    (tmp_path / name).write_text(text)
    before = contents(tmp_path)
    with pytest.raises(ConfigError) as caught:
        init(tmp_path, force=force)
    assert caught.value.what == f"{name} has a configuration of doit already"
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("make these lines part of it, then run init again:\n[")
    assert contents(tmp_path) == before
    (tmp_path / name).write_text(caught.value.hint.partition("\n")[2])
    assert name not in init(tmp_path, force=force)


@pytest.mark.parametrize(
    ("name", "data", "what"),
    [
        ("pyproject.toml", b"[", "TOML is malformed"),
        ("doit.cfg", b"no section", "doit.cfg is malformed"),
        (".gitignore", b"\xff", ".gitignore is not UTF-8"),
    ],
)
def test_malformed_neighbour_is_refused_before_anything_is_written(
    tmp_path: Path, name: str, data: bytes, what: str
) -> None:
    project(tmp_path, *MINIMAL)
    (tmp_path / name).write_bytes(data)
    before = contents(tmp_path)
    with pytest.raises(ConfigError) as caught:
        init(tmp_path)
    assert caught.value.what == what
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("*.pyc", "*.pyc\n/.release/\n/release/\n/experiments/\n__pycache__/\n"),
        ("*.pyc\r\n", "*.pyc\r\n/.release/\r\n/release/\r\n/experiments/\r\n__pycache__/\r\n"),
        ("release\n", "release\n/.release/\n/experiments/\n__pycache__/\n"),
        (
            ".release/\nrelease/\nexperiments\n__pycache__\n",
            ".release/\nrelease/\nexperiments\n__pycache__\n",
        ),
    ],
)
def test_gitignore_gets_the_lines_that_it_lacks(tmp_path: Path, before: str, after: str) -> None:
    project(tmp_path, *MINIMAL)
    (tmp_path / ".gitignore").write_bytes(before.encode())
    init(tmp_path)
    assert (tmp_path / ".gitignore").read_bytes() == after.encode()


def test_failure_midway_puts_everything_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project(tmp_path, *MINIMAL)
    (tmp_path / ".gitignore").write_text("mine\n")
    before = contents(tmp_path)
    honest = disk.write_atomic

    def full(path: Path, data: bytes) -> None:
        if path.name == "release.toml":
            raise StorageError("the disk is full")
        honest(path, data)

    monkeypatch.setattr(verb, "write_atomic", full)
    with pytest.raises(StorageError):
        init(tmp_path)
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("name", "version", "where"),
    [("two words", "1.0.0", "release.name"), ("x", "1.0", "release.version")],
)
def test_bad_name_or_version_is_refused_even_when_files_are_undecided(
    tmp_path: Path, name: str, version: str, where: str
) -> None:
    with pytest.raises(ConfigErrors) as caught:
        init(tmp_path, name=name, version=version)
    assert [str(problem.where).endswith(where) for problem in caught.value.problems] == [True]
    assert contents(tmp_path) == {}


def test_calendar_version_brings_its_scheme(tmp_path: Path) -> None:
    init(project(tmp_path, *MINIMAL), version="2026.01.31_build1")
    assert load(tmp_path).scheme == "calendar"


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        init(tmp_path / "none")
    assert str(caught.value) == (
        "the folder to begin in is not there\n"
        "  wanted: an existing folder of model files\n"
        f"  where:  {tmp_path / 'none'}"
    )


def test_importing_the_verb_imports_nothing_heavy() -> None:
    code = "import sys, release_tasks.verbs.init as _; print(*sorted({'numpy', 'jinja2', 'jsonschema', 'yaml', 'rich', 'doit'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


FILES = st.sampled_from(
    (
        *MINIMAL,
        "config.yaml",
        "preprocessor_config.json",
        "x.gguf",
        "other.safetensors",
        "tokenizer_config.json",
    )
)
PLACES = st.sampled_from(("", "build/", "model/", "a b/", 'q"uote/', "é/", "x[1]/"))


@settings(max_examples=60, deadline=None)
@given(
    names=st.sets(st.builds(str.__add__, PLACES, FILES), max_size=8),
    folder=st.text("aZ9 ._-é", min_size=1, max_size=9),
)
def test_whatever_is_found_the_text_is_toml_and_only_missing_choices_are_problems(
    tmp_path_factory: pytest.TempPathFactory, names: set[str], folder: str
) -> None:
    root = tmp_path_factory.mktemp("any") / f"p{folder}p"
    root.mkdir()
    init(project(root, *names))
    artifacts = tomllib.loads((root / "release.toml").read_text(encoding="utf-8"))["artifacts"]
    text = (root / "release.toml").read_text(encoding="utf-8")
    if {"model", "config"} <= set(artifacts) and {"tokenizer", "preprocessor"} & set(artifacts):
        assert load(root).root == root
    else:
        assert "CHOOSE" in text or "None was found" in text
