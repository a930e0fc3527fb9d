"""Models that we did not make: whatever layout people have, it is frozen, released, verified and read."""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
from pathlib import Path

import numpy as np
import pytest

import release_tasks
from tests.blackbox.foreign import (
    ARTIFACTS,
    BRAINS,
    COUNTS,
    DOIT,
    EIGHTS,
    FLOATS,
    RELEASE_TASKS,
    TENSORS,
    canonical,
    dump,
    freeze_and_release,
    metadata,
    model_files,
    old_fashioned,
    project,
    run,
    sharded_files,
    snapshot,
    write,
)

YAML_CONFIG = "# how it was trained\nmodel_type: stranger\nhidden_size: 3\n"
W = np.array([[0.5, -1.0, 2.0], [3.25, 4.0, -0.0]], dtype=np.float32)


@pytest.mark.parametrize("config", ["config.json", "config.yaml"])
def test_an_existing_folder_of_shards_is_set_up_by_init_and_released(tmp_path: Path, config: str) -> None:
    folder = tmp_path / "my model"
    files = sharded_files()
    if config == "config.yaml":
        del files["config.json"]
        files[config] = YAML_CONFIG.encode()
    write(folder, files)
    began = run(folder, "init")
    assert (began.code, began.err) == (0, "")
    assert began.out.splitlines()[-2:] == [
        "wrote release.toml",
        "next: look at release.toml, then 'doit check', 'doit freeze', 'doit release'",
    ]
    # init wrote a dodo.py and a doit.cfg, so that both ways work.
    command = DOIT if config == "config.yaml" else RELEASE_TASKS
    for words in (("check",), ("freeze",), ("release",), ("verify", "release/0.1.0", "--full")):
        done = run(folder, *words, command=command)
        assert done.code == 0, done.text
    release = folder / "release" / "0.1.0"
    shipped = {name: data for name, data in files.items() if (release / name).read_bytes() == data}
    assert shipped == files
    assert {path.name for path in release.glob("config.*")} == {config, "config.yaml"}
    opened = release_tasks.load(release)
    assert opened.tensors() == ("b", "w")
    assert np.array_equal(opened.tensor("w"), W)
    assert opened.config == {"hidden_size": 3, "model_type": "stranger"}
    again = run(folder, "release", command=command)
    assert "steps      none run, 12 up to date\n" in again.out


def test_weights_outside_the_repository_come_from_a_root(tmp_path: Path) -> None:
    write(tmp_path / "disk", {"run7/model.safetensors": canonical(TENSORS)})
    write(tmp_path / "other", {"run7/model.safetensors": canonical({"w": TENSORS["w"]})})
    artifacts = ARTIFACTS.replace('"model.safetensors"', '"big-disk:run7/model.safetensors"')
    folder = project(tmp_path / "p", artifacts=artifacts, rest=f'\n[roots]\nbig-disk = "{tmp_path}/disk"\n')
    (folder / "model.safetensors").unlink()
    assert freeze_and_release(folder).code == 0
    lock = json.loads((folder / "release.lock").read_bytes())
    assert sorted(lock["inputs"]["files"]) == [
        "big-disk:run7/model.safetensors", "config.json", "tokenizer.json",
    ]  # fmt: skip
    assert release_tasks.load(folder / "release/0.1.0").tensors() == ("b", "w")

    elsewhere = {"RELEASE_ROOTS_BIG_DISK": str(tmp_path / "other")}
    refused = run(folder, "release", environ=elsewhere)
    assert refused.code == 1
    old, new = (
        hashlib.sha256(canonical(tensors)).hexdigest()[:16] for tensors in (TENSORS, {"w": TENSORS["w"]})
    )
    assert refused.failure == (
        "the inputs are not those of release.lock (LOCK_INPUTS_CHANGED)\n"
        "  wanted: the inputs as they were frozen\n"
        f"  found:  big-disk:run7/model.safetensors: frozen {old}, now {new}\n"
        "  where:  release.lock\n"
        "  hint:   restore them, or run 'doit freeze --update' if the change is meant, and commit release.lock"
    )
    assert freeze_and_release(folder, environ=elsewhere).code == 0
    assert release_tasks.load(folder / "release/0.1.0").tensors() == ("w",)


def hub_cache(folder: Path) -> Path:
    """What `huggingface_hub` leaves in its cache: snapshots of relative links to blobs named by SHA-256."""
    model = folder / "models--org--name"
    snapshot_folder = model / "snapshots" / "5ab1e0c9"
    snapshot_folder.mkdir(parents=True)
    (model / "blobs").mkdir()
    for name, data in model_files().items():
        blob = hashlib.sha256(data).hexdigest()
        (model / "blobs" / blob).write_bytes(data)
        (snapshot_folder / name).symlink_to(f"../../blobs/{blob}")
    return snapshot_folder


def test_a_hugging_face_cache_is_released_as_regular_files(tmp_path: Path) -> None:
    links = hub_cache(tmp_path / "p")
    folder = tmp_path / "p"
    assert run(folder, "init").code == 0
    assert freeze_and_release(folder).code == 0
    before = snapshot(links)
    frozen = json.loads((folder / "release.lock").read_bytes())["inputs"]["files"]
    inside = "models--org--name/snapshots/5ab1e0c9"
    for name, data in model_files().items():
        assert frozen[f"{inside}/{name}"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
        released = folder / "release" / "0.1.0" / name
        assert stat.S_ISREG(released.lstat().st_mode)
        assert released.read_bytes() == data
    assert np.array_equal(release_tasks.load(folder / "release/0.1.0").tensor("w"), W)
    assert snapshot(links) == before

    # The link is followed anew each time: another revision behind the same name is another input.
    blob = links.parent.parent / "blobs" / "new"
    blob.write_bytes(canonical({"w": TENSORS["w"]}))
    (links / "model.safetensors").unlink()
    (links / "model.safetensors").symlink_to("../../blobs/new")
    assert "LOCK_INPUTS_CHANGED" in run(folder, "release").failure


def test_a_hugging_face_cache_outside_the_project_is_a_root(tmp_path: Path) -> None:
    links = hub_cache(tmp_path / "cache")
    artifacts = ARTIFACTS.replace('= "', '= "hub:')
    folder = write(
        tmp_path / "p",
        {
            "release.toml": f'schema = 1\n[release]\nname = "x"\nversion = "0.1.0"\n{artifacts}[roots]\nhub = "{links}"\n'
        },
    )
    assert freeze_and_release(folder).code == 0
    assert not any(path.is_symlink() for path in (folder / "release").rglob("*"))
    assert np.array_equal(release_tasks.load(folder / "release/0.1.0").tensor("w"), W)


def test_old_safetensors_warn_by_default_and_the_fixer_mends_them(tmp_path: Path) -> None:
    folder = write(project(tmp_path / "p"), {"model.safetensors": old_fashioned(TENSORS)})
    warned = freeze_and_release(folder)
    assert warned.code == 0
    assert (
        "           WEIGHTS_NOT_CANONICAL model.safetensors: found another order, spacing or padding\n"
        "             run 'doit canonicalize FILE', then 'doit freeze --update'\n"
    ) in warned.out
    assert np.array_equal(release_tasks.load(folder / "release/0.1.0").tensor("w"), W)

    write(folder, {"release_policy.yml": "schema: 1\ngates:\n  weights-canonical: hard\n"})
    refused = freeze_and_release(folder)
    assert refused.code == 1
    assert refused.failure == (
        "the gate refused the release: weights-canonical\n"
        "  found: WEIGHTS_NOT_CANONICAL model.safetensors: wanted the one canonical header for these tensors, "
        "found another order, spacing or padding\n"
        "  where: .release/records/verdict.json\n"
        "  hint:  run 'doit canonicalize FILE', then 'doit freeze --update'"
    )
    fixed = run(folder, "canonicalize", "model.safetensors")
    assert (fixed.code, fixed.out) == (0, "model.safetensors: 2 tensors, rewritten\n")
    passed = freeze_and_release(folder)
    assert passed.code == 0
    assert "WEIGHTS_NOT_CANONICAL" not in passed.out
    assert np.array_equal(release_tasks.load(folder / "release/0.1.0").tensor("w"), W)
    again = run(folder, "canonicalize", "model.safetensors")
    assert (again.code, again.out) == (0, "model.safetensors: 2 tensors, was canonical already\n")


def test_a_link_into_a_cache_is_not_rewritten_in_place(tmp_path: Path) -> None:
    links = hub_cache(tmp_path)
    before = snapshot(tmp_path)
    refused = run(links, "canonicalize", "model.safetensors")
    assert refused.code == 3
    assert refused.err == (
        "a link is not rewritten in place\n"
        "  wanted: the file itself\n"
        f"  found:  a link to {(links / 'model.safetensors').resolve()}\n"
        "  where:  model.safetensors\n"
        "  hint:   name a file for the result with --output; what the link points to may belong to a cache\n"
    )
    assert snapshot(tmp_path) == before


def test_weights_in_bf16_fp8_and_integers_keep_their_bits(tmp_path: Path) -> None:
    weights = old_fashioned(
        {
            "ids": ("I64", (3,), COUNTS),
            "w": ("F32", (2, 3), FLOATS),
            "half": ("BF16", (2,), BRAINS),
            "eighth": ("F8_E4M3", (4,), EIGHTS),
            "empty": ("F32", (0, 4), b""),
        }
    )
    folder = write(project(tmp_path / "p"), {"model.safetensors": weights})
    assert freeze_and_release(folder).code == 0
    opened = release_tasks.load(folder / "release/0.1.0")
    assert bytes(opened.raw("half").buffer) == BRAINS
    assert bytes(opened.raw("eighth").buffer) == EIGHTS
    assert opened.raw("eighth").dtype == "F8_E4M3"
    assert opened.tensor("ids").tolist() == [1, -2, 3]
    assert opened.tensor("empty").shape == (0, 4)


def test_a_header_whose_length_looks_like_a_pickle_is_no_pickle(tmp_path: Path) -> None:
    def weights(length: int) -> bytes:
        bare = int.from_bytes(canonical({"w": TENSORS["w"]})[:8], "little")
        return canonical({f"w{'x' * (length - bare)}": TENSORS["w"]})

    shards = {
        f"model-{number:05}-of-00004.safetensors": weights(length)
        for number, length in enumerate((640, 896, 1152, 1408), 1)
    }
    assert [data[:2] for data in shards.values()] == [b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"]
    names = {name: next(iter(json.loads(data[8 : data.index(b"}}") + 2]))) for name, data in shards.items()}
    index = {"metadata": {"total_size": 96}, "weight_map": {tensor: name for name, tensor in names.items()}}
    artifacts = ARTIFACTS.replace(
        '"model.safetensors"',
        f'{json.dumps(list(shards))}\nindex = "i.json"\nextra = ["adapter.safetensors"]',
    )
    folder = write(
        project(tmp_path / "p", artifacts=artifacts),
        {**shards, "i.json": dump(index), "adapter.safetensors": weights(1152)},
    )
    done = freeze_and_release(folder)
    assert done.code == 0, done.text


def test_without_git_seed_and_dataset_a_candidate_is_made_that_cannot_be_sealed(tmp_path: Path) -> None:
    folder = project(tmp_path / "p")
    done = freeze_and_release(folder)
    assert done.code == 0
    assert (
        "\nseal       not yet: SOURCE_UNKNOWN (null: the project is not under git), "
        "LOCK_UNCOMMITTED (another content, or not committed), "
        "REBUILD_MISSING (nothing was rebuilt yet)\n"
    ) in done.out
    found = metadata(folder)
    nulls = {
        "architecture": "release.toml has no release.architecture",
        "dataset_hash": "release.toml has no [dataset]",
        "dataset_version": "release.toml has no [dataset]",
        "date": "the project is not under git and SOURCE_DATE_EPOCH is not set",
        "docs_version": "release.toml has no release.docs_version",
        "git_commit": "the project is not under git",
        "git_commit_short": "the project is not under git",
        "git_dirty": "the project is not under git",
        "license": "release.toml has no release.license",
        "metrics_summary": "release.toml has no artifacts.quality",
        "tokenizer_version": "no version of the tokenizer is declared",
        "training_seed": "neither a training record nor the step that writes the weights has a seed",
    }
    assert found["reasons"] == nulls
    assert {key for key, value in found.items() if value is None} == set(nulls)


def test_a_model_without_text_has_a_preprocessor_in_place_of_the_tokenizer(tmp_path: Path) -> None:
    files = model_files()
    del files["tokenizer.json"]
    preprocessor = dump({"image_processor_type": "ViTImageProcessor", "size": {"height": 224, "width": 224}})
    folder = write(tmp_path / "vision", {**files, "preprocessor_config.json": preprocessor})
    assert run(folder, "init").code == 0
    assert freeze_and_release(folder).code == 0
    release = folder / "release" / "0.1.0"
    assert not (release / "tokenizer.json").exists()
    assert (release / "preprocessor_config.json").read_bytes() == preprocessor
    assert metadata(folder)["tokenizer_hash"] == f"sha256:{hashlib.sha256(preprocessor).hexdigest()}"
    assert release_tasks.load(release).tokenizer_bytes == preprocessor


def test_a_model_in_one_file_gets_the_standard_name(tmp_path: Path) -> None:
    artifacts = ARTIFACTS.replace('"model.safetensors"', '"out/step-900.safetensors"')
    folder = write(
        project(tmp_path / "p", artifacts=artifacts), {"out/step-900.safetensors": canonical(TENSORS)}
    )
    (folder / "model.safetensors").unlink()
    assert freeze_and_release(folder).code == 0
    assert np.array_equal(release_tasks.load(folder / "release/0.1.0").tensor("w"), W)
    assert not (folder / "release/0.1.0/index.json").exists()
    assert metadata(folder)["model_hash"] == f"sha256:{hashlib.sha256(canonical(TENSORS)).hexdigest()}"


def test_gguf_files_and_extra_files_by_glob_are_packaged_under_their_names(tmp_path: Path) -> None:
    artifacts = (
        f'{ARTIFACTS}gguf = ["g/m-F32.gguf", "g/m-Q8_0.gguf"]\nextra = ["notes/**/*.txt", "LICENSE"]\n'
    )
    folder = write(
        project(tmp_path / "p", artifacts=artifacts),
        {
            # These GGUF files hold nothing that a pair [parity.<pair>] could compare.
            "release_policy.yml": "schema: 1\ngates:\n  parity-coverage: soft\n",
            "g/m-F32.gguf": b"GGUF\x03\0\0\0",
            "g/m-Q8_0.gguf": b"GGUF\x03\0\0\0\0",
            "notes/a.txt": "a\n",
            "notes/deep/b.txt": "b\n",
            "notes/.hidden.txt": "no\n",
            "notes/c.md": "no\n",
            "LICENSE": "yes\n",
        },
    )
    assert freeze_and_release(folder).code == 0
    release = folder / "release" / "0.1.0"
    manifest = json.loads((release / "MANIFEST.json").read_bytes())
    roles = {file["path"]: file["role"] for file in manifest["files"] if file["role"] in {"gguf", "extra"}}
    assert roles == {
        "LICENSE": "extra",
        "a.txt": "extra",
        "b.txt": "extra",
        "m-F32.gguf": "gguf",
        "m-Q8_0.gguf": "gguf",
    }
    write(folder, {"notes/new.txt": "new\n"})
    assert "LOCK_INPUTS_CHANGED" in run(folder, "release").failure


def test_a_downloaded_release_opens_where_nothing_else_is(tmp_path: Path) -> None:
    folder = project(tmp_path / "p")
    assert freeze_and_release(folder).code == 0
    assert not (folder / "dodo.py").exists()  # the console script needs none
    shutil.move(folder / "release" / "stranger-0.1.0.zip", tmp_path / "download.zip")
    shutil.rmtree(folder)
    done = run(tmp_path, "verify", "download.zip")
    assert done.code == 0
    assert done.out.startswith("stranger 0.1.0: consistent, origin unproven\n")
