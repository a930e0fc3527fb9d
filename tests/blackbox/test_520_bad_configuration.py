"""A configuration that is wrong is refused whole: every problem at once, where it is, and how to mend it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.blackbox.foreign import ARTIFACTS, HEAD, Done, freeze_and_release, project, run, snapshot, write


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with an accepted release; tests work on copies."""
    folder = project(tmp_path_factory.mktemp("original") / "p")
    assert freeze_and_release(folder).code == 0
    return folder


@pytest.fixture
def released(original: Path, tmp_path: Path) -> Iterator[Path]:
    """A released project that the test breaks; whatever is refused, the release stays as it was."""
    folder = tmp_path / "p"
    shutil.copytree(original, folder)
    before = snapshot(folder / "release")
    lock = (folder / "release.lock").read_bytes()
    yield folder
    assert snapshot(folder / "release") == before
    assert (folder / "release.lock").read_bytes() == lock


def refused(folder: Path, *, environ: Mapping[str, str] | None = None) -> Done:
    """Ask `check` and `release`, which must refuse with one voice."""
    checked, released = (run(folder, word, environ=environ) for word in ("check", "release"))
    assert (checked.code, checked.out) == (3, ""), checked.text
    assert (released.code, released.out, released.err) == (3, "", checked.err), released.text
    return checked


TYPOS = """\
schema = 1

[release]
name = "stranger"
version = "0.1.0"
licence = "MIT"
bundles = ["zip", "rar"]

[artifacts]
modle = "model.safetensors"
tokenizer = "tokenizer.json"
config = "config.json"

[relase]
"""


def test_unknown_and_mistyped_keys_are_all_told_at_once(released: Path) -> None:
    write(released, {"release.toml": TYPOS})
    assert refused(released).err == (
        "5 problems in the configuration:\n"
        "unknown key\n"
        "  wanted: one of architecture, base, bundles, docs_version, license, name, page, policy, profile, reason, scheme, type, version\n"
        "  found:  licence\n"
        "  where:  release.toml: release.licence\n"
        "  hint:   did you mean license?\n"
        "value refused\n"
        "  wanted: one of zip, tar\n"
        '  found:  string "rar"\n'
        "  where:  release.toml: release.bundles[1]\n"
        "  hint:   did you mean tar?\n"
        "model is missing\n"
        "  wanted: one file, or the list of all shards\n"
        "  where:  release.toml: artifacts.model\n"
        "unknown key\n"
        "  wanted: one of config, extra, gguf, index, model, preprocessor, quality, tokenizer, tokenizer_version, training\n"
        "  found:  modle\n"
        "  where:  release.toml: artifacts.modle\n"
        "  hint:   did you mean model?\n"
        "unknown key\n"
        "  wanted: one of artifacts, bench, cards, changelog, checkpoint, dataset, environment, evaluation, parity, publish, release, reproduce, roots, schema, smoke, step, tests, versioning\n"
        "  found:  relase\n"
        "  where:  release.toml: relase\n"
        "  hint:   did you mean release?\n"
    )


PATHS = (
    ('"../tokenizer.json"', "it has a '..' component", "'../tokenizer.json'"),
    ('"/etc/passwd"', "it is absolute", "'/etc/passwd'"),
    ('"a/./b"', "it has an empty or '.' component", "'a/./b'"),
    ('"a//b"', "it has an empty or '.' component", "'a//b'"),
    ('"a\\u0000b"', "it holds a control character", "'a\\x00b'"),
    ('"a\\\\b"', "it holds a backslash", "'a\\\\b'"),
    ('"e\\u0301.txt"', "it is not in Unicode normal form C", "'e\\u0301.txt'"),
    ('"nul.txt"', "it has a component that Windows reserves", "'nul.txt'"),
    ('""', "it is empty", "''"),
)


def test_paths_that_leave_the_tree_or_cannot_live_in_it_are_refused(released: Path) -> None:
    extra = f"extra = [{', '.join(path for path, _, _ in PATHS)}]\n"
    write(released, {"release.toml": HEAD + ARTIFACTS + extra})
    assert refused(released).err == f"{len(PATHS)} problems in the configuration:\n" + "".join(
        f"path refused: {flaw}\n"
        "  wanted: a relative POSIX path inside the tree\n"
        f"  found:  {found}\n"
        f"  where:  release.toml: artifacts.extra[{number}]\n"
        for number, (_, flaw, found) in enumerate(PATHS)
    )


def test_names_that_collide_in_the_release_are_refused(released: Path) -> None:
    extra = 'extra = ["README.md", "docs2/readme.md", "x/Config.json", "manifest.json"]\n'
    shards = '["a/model-00001-of-00002.safetensors", "b/Model-00001-of-00002.safetensors"]\nindex = "i.json"'
    artifacts = ARTIFACTS.replace('"model.safetensors"', shards)
    write(released, {"release.toml": HEAD + artifacts + extra})
    assert refused(released).err == (
        "5 problems in the configuration:\n"
        "shard has the wrong name\n"
        "  wanted: model-00001-of-00002.safetensors to model-00002-of-00002.safetensors\n"
        "  found:  Model-00001-of-00002.safetensors\n"
        "  where:  release.toml: artifacts.model[1]\n"
        "two files would be Model-00001-of-00002.safetensors in the release\n"
        "  found: b/Model-00001-of-00002.safetensors and a/model-00001-of-00002.safetensors\n"
        "  where: release.toml: artifacts.model[1]\n"
        "two files would be readme.md in the release\n"
        "  found: docs2/readme.md and README.md\n"
        "  where: release.toml: artifacts.extra[1]\n"
        "two files would be Config.json in the release\n"
        "  found: x/Config.json and config.json\n"
        "  where: release.toml: artifacts.extra[2]\n"
        "two files would be manifest.json in the release\n"
        "  found: manifest.json and MANIFEST.json, which packaging writes\n"
        "  where: release.toml: artifacts.extra[3]\n"
    )


def test_pickle_formats_are_refused_by_their_suffix(released: Path) -> None:
    artifacts = '\n[artifacts]\nmodel = "pytorch_model.bin"\ntokenizer = "t.PKL"\nconfig = "config.json"\nextra = ["x.npz"]\n'
    write(released, {"release.toml": HEAD + artifacts})
    assert refused(released).err == (
        "3 problems in the configuration:\n"
        "pickle formats are refused\n"
        "  wanted: a format that holds data only, as safetensors does\n"
        "  found:  pytorch_model.bin\n"
        "  where:  release.toml: artifacts.model\n"
        "  hint:   convert it to safetensors\n"
        "pickle formats are refused\n"
        "  wanted: a format that holds data only, as safetensors does\n"
        "  found:  t.PKL\n"
        "  where:  release.toml: artifacts.tokenizer\n"
        "  hint:   save tensors as safetensors and records as JSON\n"
        "pickle formats are refused\n"
        "  wanted: a format that holds data only, as safetensors does\n"
        "  found:  x.npz\n"
        "  where:  release.toml: artifacts.extra[0]\n"
        "  hint:   save tensors as safetensors and records as JSON\n"
    )


@pytest.mark.parametrize(
    ("version", "hint"),
    [
        ("1.0", "write all three numbers, as in 1.0.0"),
        ("v1.0.0", "write 1.0.0: the tag adds the v"),
        ("1.0.0\\u0660", "see https://semver.org; examples: 1.0.0, 2.1.0-rc.1, 1.0.0+gpu"),
        ("2026.01.31_build1", 'set scheme = "calendar" in [release], or write a version like 1.0.0'),
    ],
)
def test_a_version_that_is_not_semver_is_refused(released: Path, version: str, hint: str) -> None:
    write(released, {"release.toml": HEAD.replace("0.1.0", version) + ARTIFACTS})
    checked = run(released, "check")
    assert checked.code == 3
    assert checked.err == (
        "1 problem in the configuration:\n"
        "version is not SemVer 2.0.0\n"
        "  wanted: MAJOR.MINOR.PATCH, then -PRERELEASE or +BUILD if need be; no leading zeros\n"
        f"  found:  '{version}'\n"
        "  where:  release.toml: release.version\n"
        f"  hint:   {hint}\n"
    )


def test_the_version_of_the_environment_is_checked_as_the_files(released: Path) -> None:
    assert refused(released, environ={"RELEASE_VERSION": "next"}).err == (
        "1 problem in the configuration:\n"
        "version is not SemVer 2.0.0\n"
        "  wanted: MAJOR.MINOR.PATCH, then -PRERELEASE or +BUILD if need be; no leading zeros\n"
        "  found:  'next'\n"
        "  where:  environment variable RELEASE_VERSION\n"
        "  hint:   see https://semver.org; examples: 1.0.0, 2.1.0-rc.1, 1.0.0+gpu\n"
    )


def test_a_model_with_neither_tokenizer_nor_preprocessor_is_refused(released: Path) -> None:
    write(released, {"release.toml": HEAD + ARTIFACTS.replace('tokenizer = "tokenizer.json"\n', "")})
    assert refused(released).err == (
        "1 problem in the configuration:\n"
        "exactly one of tokenizer and preprocessor must be there\n"
        "  wanted: tokenizer for a model of text, preprocessor for another\n"
        "  found:  neither\n"
        "  where:  release.toml: artifacts.tokenizer\n"
    )


def test_a_policy_with_misspelt_gates_is_refused(released: Path) -> None:
    write(released, {"release_policy.yml": "schema: 1\ngates:\n  weights-finit: soft\n  smoke: sofft\n"})
    text = refused(released).err
    gates = re.search(r"wanted: (one of [a-z, -]+)\n  found:  weights-finit\n", text)
    assert gates is not None, text
    assert "weights-finite" in gates[1]
    assert text == (
        "2 problems in the configuration:\n"
        "no code evaluates a gate of this name\n"
        f"  wanted: {gates[1]}\n"
        "  found:  weights-finit\n"
        "  where:  release_policy.yml: gates.weights-finit\n"
        "  hint:   did you mean weights-finite?\n"
        "value refused\n"
        "  wanted: one of hard, soft, off\n"
        '  found:  string "sofft"\n'
        "  where:  release_policy.yml: gates.smoke\n"
        "  hint:   did you mean soft?\n"
    )


def test_release_toml_that_is_not_utf8_is_refused(released: Path) -> None:
    write(released, {"release.toml": b"schema = 1\n# \xff\n"})
    assert refused(released).err == (
        "release.toml is not UTF-8\n"
        "  wanted: text in UTF-8\n"
        "  found:  byte 0xff at offset 13\n"
        f"  where:  {released / 'release.toml'}\n"
    )


def test_release_toml_that_is_no_toml_is_refused_with_line_and_column(released: Path) -> None:
    write(released, {"release.toml": 'schema = 1\n[release]\nname = "x\n'})
    assert refused(released).err == (
        "TOML is malformed\n  found: Illegal character '\\n'\n  where: release.toml:3:10\n"
    )


def test_release_toml_that_is_a_folder_is_refused(released: Path) -> None:
    (released / "release.toml").unlink()
    (released / "release.toml").mkdir()
    assert refused(released).err == (
        "release.toml is a folder\n"
        "  wanted: a file\n"
        f"  where:  {released / 'release.toml'}\n"
        "  hint:   name another with --config FILE\n"
    )


def test_release_toml_that_cannot_be_read_is_refused(released: Path) -> None:
    (released / "release.toml").unlink()
    (released / "release.toml").symlink_to("release.toml")  # also root cannot read a link to itself
    assert refused(released).err == (
        "release.toml cannot be read\n"
        "  found: Too many levels of symbolic links\n"
        f"  where: {released / 'release.toml'}\n"
    )


def test_a_folder_without_release_toml_is_refused(released: Path) -> None:
    (released / "release.toml").unlink()
    (released / ".git").mkdir()  # the search ends here
    assert refused(released).err == (
        "no release.toml found\n"
        "  wanted: release.toml in this folder or above it\n"
        f"  found:  none from {released} up to {released}\n"
        "  hint:   name it with --config FILE, or set RELEASE_ROOT\n"
    )


def test_a_root_that_is_not_there_is_refused(released: Path) -> None:
    assert refused(released, environ={"RELEASE_ROOT": str(released / "nowhere")}).err == (
        "RELEASE_ROOT is not a folder\n"
        "  wanted: a folder that exists\n"
        f"  found:  {released / 'nowhere'}, which is not there\n"
        "  where:  environment variable RELEASE_ROOT\n"
    )


def test_a_source_date_epoch_that_is_no_time_is_refused_before_anything_runs(released: Path) -> None:
    def message(text: str) -> str:
        return (
            "SOURCE_DATE_EPOCH is not a time\n"
            "  wanted: whole seconds since 1970, 0 to 253402300799\n"
            f"  found:  '{text}'\n"
            "  where:  environment variable SOURCE_DATE_EPOCH\n"
            "  hint:   unset it to use the time of the commit\n"
        )

    assert refused(released, environ={"SOURCE_DATE_EPOCH": "garbage"}).err == message("garbage")
    for text in ("-1", "9000000000000000000", "1e3", ""):
        done = run(released, "check", environ={"SOURCE_DATE_EPOCH": text})
        assert (done.code, done.err) == (3, message(text))


def test_init_refuses_to_overwrite_what_is_there(released: Path) -> None:
    before = snapshot(released)
    done = run(released, "init")
    assert done.code == 3
    assert done.err == (
        "init would overwrite files\n"
        "  wanted: a folder without them\n"
        "  found:  release.toml\n"
        "  where:  " + str(released) + "\n"
        "  hint:   remove them, or overwrite them with --force\n"
    )
    assert snapshot(released) == before


def test_init_refuses_a_folder_whose_weights_are_pickles(tmp_path: Path) -> None:
    write(tmp_path, {"pytorch_model.bin": b"\x80\x02}q\x00.", "config.json": "{}"})
    before = snapshot(tmp_path)
    done = run(tmp_path, "init")
    assert done.code == 3
    assert done.err == (
        "the only weights are in a format that runs code when it is loaded\n"
        "  wanted: safetensors\n"
        "  found:  pytorch_model.bin\n"
        "  hint:   convert them: load the tensors where you trust the file, then "
        'safetensors.torch.save_file(tensors, "model.safetensors")\n'
    )
    assert snapshot(tmp_path) == before
