"""Malformed, hostile or unsafe artifacts: the gate names every one, and no candidate stays in their place."""

from __future__ import annotations

import io
import json
import pickle
import re
import shutil
import struct
import zipfile
from pathlib import Path

import pytest

from tests.blackbox.foreign import (
    ARTIFACTS,
    CONFIG,
    HEAD,
    TENSORS,
    TOKENIZER,
    Done,
    canonical,
    dump,
    freeze_and_release,
    prefixed,
    project,
    run,
    sharded_files,
    snapshot,
    write,
)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with an accepted release; tests work on copies."""
    folder = project(tmp_path_factory.mktemp("original") / "p")
    assert freeze_and_release(folder).code == 0
    return folder


@pytest.fixture
def released(original: Path, tmp_path: Path) -> Path:
    """A released project that the test breaks."""
    folder = tmp_path / "p"
    shutil.copytree(original, folder)
    return folder


def refused(folder: Path) -> Done:
    """Release what must be refused: the last candidate is kept under .rejected, and nothing half is left."""
    before = snapshot(folder / "release" / "0.1.0")
    done = freeze_and_release(folder)
    assert done.code == 1, done.text
    assert sorted(path.name for path in (folder / "release").iterdir()) == [".rejected"]
    assert snapshot(folder / "release" / ".rejected" / "0.1.0") == before
    assert done.out.endswith("\nresult     refused\n")
    return done


def message(gates: str, findings: list[str], hints: list[str]) -> str:
    """The whole refusal of the gate."""
    return (
        f"the gate refused the release: {gates}\n"
        "  found: " + "\n         ".join(findings) + "\n"
        "  where: .release/records/verdict.json\n"
        "  hint:  " + "\n         ".join(hints)
    )


def header(entries: object, payload: bytes = b"\0\0\0\0", *, length: int | None = None) -> bytes:
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    return prefixed(text, payload, length=length)


def entry(start: int, end: int, dtype: str = "F32", shape: list[object] | None = None) -> dict[str, object]:
    return {"dtype": dtype, "shape": [1] if shape is None else shape, "data_offsets": [start, end]}


ONE = {"w": entry(0, 4)}
MALFORMED: tuple[tuple[str, bytes, str, str], ...] = (
    ("cut off", header({"w": entry(0, 8, shape=[2])}), "8 bytes of tensors", "safetensors file is cut off: 4 bytes"),
    ("longer", header(ONE, b"\0" * 8), "4 bytes of tensors", "bytes after the last tensor: 8 bytes"),
    ("overlap", header({"a": entry(0, 4), "b": entry(2, 6)}, b"\0" * 6), "tensor b at byte 4", "tensors overlap: at byte 2"),
    ("hole", header({"a": entry(0, 4), "b": entry(8, 12)}, b"\0" * 12), "tensor b at byte 4", "bytes between tensors belong to none: at byte 8"),
    ("twice", header(b'{"w":%b,"w":%b}' % ((json.dumps(ONE["w"]).encode(),) * 2)), "every key once", "JSON object names a key twice: 'w'"),
    ("100 MB", header(ONE, length=100_000_001), "at most 100000000 bytes", "safetensors header too large: 100000001 bytes"),
    ("2**63", header(ONE, length=2**63), "at most 100000000 bytes", "safetensors header too large: 9223372036854775808 bytes"),
    ("no header", header(ONE, length=5000), "a header of 5000 bytes", "safetensors file is cut off: 65 bytes"),
    ("negative", header({"w": entry(-4, 0)}), "[start, end] with 0 <= start <= end", "tensor w: bad data_offsets: [-4, 0]"),
    ("dtype", header({"w": entry(0, 4, "F33")}), "one of ", "tensor w: unknown dtype: 'F33'"),
    ("NUL", header({"a\0b": entry(0, 4)}), "a well-formed file", "tensor name refused: it holds a control character: 'a\\x00b'"),
    ("dots", header({"../b": entry(0, 4)}), "a well-formed file", "tensor name refused: it leads out of its folder: '../b'"),
    ("2**63 elements", header({"w": entry(0, 4, shape=[2**63])}), "less than 2**63 bytes", "tensor w: shape overflows"),
    ("boolean", header({"w": entry(0, 4, shape=[True])}), "integers from 0", "tensor w: bad shape: [True]"),
    ("not JSON", header(b'{"w"'), "a well-formed file", "not JSON: Expecting ':' delimiter at line 1 column 5"),
    ("empty", b"", "at least 8 bytes", "not a safetensors file: 0 bytes"),
    ("metadata", header({"__metadata__": {"a": 1}, **ONE}), "a string", "safetensors metadata holds more than text: a number at 'a'"),
)  # fmt: skip


def test_every_malformed_shard_is_named_with_what_is_wrong(released: Path) -> None:
    count = len(MALFORMED)
    names = [f"model-{number:05}-of-{count:05}.safetensors" for number in range(1, count + 1)]
    artifacts = ARTIFACTS.replace('"model.safetensors"', f'{json.dumps(names)}\nindex = "index.json"')
    shards = dict(zip(names, (data for _, data, _, _ in MALFORMED), strict=True))
    index = {"metadata": {"total_size": 4}, "weight_map": {"w": "other.safetensors"}}
    write(released, {"release.toml": HEAD + artifacts, "index.json": dump(index), **shards})
    lines = refused(released).failure.splitlines()
    invalid = [line.removeprefix("  found: ").strip() for line in lines if "WEIGHTS_INVALID" in line]
    wanted = [
        f"WEIGHTS_INVALID {name}: wanted {wanted}, found {found}"
        for name, (_, _, wanted, found) in zip(names, MALFORMED, strict=True)
    ]
    wanted.append(
        "WEIGHTS_INVALID model.safetensors.index.json: wanted model-00001-of-00001.safetensors, "
        "found bad name of a shard: 'other.safetensors'"
    )
    wanted.append("WEIGHTS_INVALID artifacts: weights: wanted weights that could be read, found none")
    known = re.compile(r"wanted BOOL, [A-Z0-9_, ]+, found")
    assert [known.sub("wanted one of , found", line) for line in invalid] == wanted


def test_an_index_that_does_not_fit_its_shards_is_refused(released: Path) -> None:
    files = sharded_files()
    index = json.loads(files["model.safetensors.index.json"])
    index["weight_map"]["b"] = "model-00001-of-00002.safetensors"
    shards = '["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]'
    artifacts = ARTIFACTS.replace('"model.safetensors"', f'{shards}\nindex = "model.safetensors.index.json"')
    write(released, {**files, "model.safetensors.index.json": dump(index), "release.toml": HEAD + artifacts})
    assert refused(released).failure == message(
        "weights",
        [
            (
                "WEIGHTS_INVALID model.safetensors.index.json: wanted model-00001-of-00001.safetensors, "
                "found bad name of a shard: 'model-00001-of-00002.safetensors'"
            )
        ],
        ["write the file again from its source"],
    )


def test_an_index_that_puts_a_tensor_elsewhere_is_refused(released: Path) -> None:
    files = sharded_files()
    one, two = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
    index = {"metadata": {"total_size": 36}, "weight_map": {"b": one, "w": two}}
    artifacts = ARTIFACTS.replace('"model.safetensors"', f'["{one}", "{two}"]\nindex = "i.json"')
    write(released, {**files, "i.json": dump(index), "release.toml": HEAD + artifacts})
    assert refused(released).failure == message(
        "weights",
        [
            (
                f"WEIGHTS_INVALID model.safetensors.index.json: wanted b in {one}, "
                f"found tensor is not where the index says: in {two}"
            )
        ],
        ["write the file again from its source"],
    )


def test_padding_is_valid_and_not_canonical(released: Path) -> None:
    text = json.dumps({"w": entry(0, 4)}, separators=(",", ":")).encode()
    write(released, {"model.safetensors": prefixed(text + b" " * 64, b"\0\0\0\0")})
    done = freeze_and_release(released)
    assert done.code == 0
    assert "WEIGHTS_NOT_CANONICAL model.safetensors: found another order, spacing or padding\n" in done.out


NOT_FINITE = {
    "w": ("F32", (3,), struct.pack("<3f", float("nan"), float("-inf"), 1.0)),
    "x": ("F32", (1,), struct.pack("<f", 1.0)),
}
BRAINS_NOT_FINITE = {"h": ("BF16", (3,), bytes.fromhex("c07f807f803f"))}


def test_weights_that_are_not_finite_are_refused_by_default(released: Path) -> None:
    one, two = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
    index = {"metadata": {"total_size": 22}, "weight_map": {"h": two, "w": one, "x": one}}
    artifacts = ARTIFACTS.replace('"model.safetensors"', f'["{one}", "{two}"]\nindex = "i.json"')
    shards = {one: canonical(NOT_FINITE), two: canonical(BRAINS_NOT_FINITE)}
    write(released, {**shards, "i.json": dump(index), "release.toml": HEAD + artifacts})
    assert refused(released).failure == message(
        "weights-finite",
        [
            f"WEIGHTS_NOT_FINITE {one}: w: wanted finite values, found 1 NaN, 1 infinite of 3",
            f"WEIGHTS_NOT_FINITE {two}: h: wanted finite values, found 1 NaN, 1 infinite of 3",
        ],
        ["train again from a finite checkpoint"],
    )


def test_weights_that_are_not_finite_warn_when_the_policy_says_so(released: Path) -> None:
    policy = "schema: 1\ngates:\n  weights-finite: soft\n"
    write(released, {"model.safetensors": canonical(NOT_FINITE), "release_policy.yml": policy})
    done = freeze_and_release(released)
    assert done.code == 0
    assert (
        "           WEIGHTS_NOT_FINITE model.safetensors: w: found 1 NaN, 1 infinite of 3\n"
        "             train again from a finite checkpoint\n"
    ) in done.out
    verdict = json.loads((released / "release/0.1.0/evidence/verdict.json").read_bytes())
    assert verdict["decision"] == "PASS_WITH_WARNINGS"


def torch_archive() -> bytes:
    """What `torch.save` writes, with the pickle far from the beginning."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writing:
        writing.writestr("archive/data/0", b"\0" * 10_000)
        writing.writestr("archive/data.pkl", pickle.dumps({"w": 1}, protocol=2))
    return archive.getvalue()


def test_pickles_are_refused_by_content_and_by_suffix(released: Path) -> None:
    write(
        released,
        {
            "release.toml": f'{HEAD}{ARTIFACTS}extra = ["more/*"]\n',
            "model.safetensors": pickle.dumps({"w": [1.0]}, protocol=4),
            "more/model.gguf": torch_archive(),
            "more/notes.txt": pickle.dumps([1] * 3, protocol=2),
            "more/old.PT": "text that only looks harmless",
        },
    )
    lines = refused(released).failure.splitlines()
    assert [line.removeprefix("  found: ").strip() for line in lines if "SELF_CONTAINED" in line] == [
        f"SELF_CONTAINED_PICKLE {name}: wanted a format that runs no code when it is loaded, found {found}"
        for name, found in (
            ("model.gguf", "a torch archive that holds a pickle"),
            ("model.safetensors", "a pickle of protocol 4"),
            ("notes.txt", "a pickle of protocol 2"),
            ("old.PT", "a pickle format by its suffix, .PT"),
        )
    ]
    assert lines[-1].endswith("convert the file to safetensors")


def test_configurations_that_fetch_code_are_refused_at_any_depth(released: Path) -> None:
    config = {**CONFIG, "auto_map": {"AutoModel": "a/b--modeling.Model"}, "text": {"trust_remote_code": True}}
    extra = {"sub": [{"auto_map": {"AutoTokenizer": ["x--tok.Tok", None]}}]}
    # A vocabulary may hold any word, and a setting that is off is no danger.
    tokenizer = {
        **TOKENIZER,
        "model": {"vocab": {"auto_map": 7, "trust_remote_code": 1}},
        "trust_remote_code": False,
    }
    write(
        released,
        {
            "release.toml": f'{HEAD}{ARTIFACTS}extra = ["tokenizer_config.json"]\n',
            "config.json": dump(config),
            "tokenizer.json": dump(tokenizer),
            "tokenizer_config.json": dump(extra),
        },
    )
    assert refused(released).failure == message(
        "self-contained",
        [
            f"SELF_CONTAINED_REMOTE_CODE {name}: wanted a configuration that needs no code from elsewhere, "
            f"found the key {key}"
            for name, key in (
                ("config.json", "auto_map"),
                ("config.json", "text.trust_remote_code"),
                ("tokenizer_config.json", "sub[0].auto_map"),
            )
        ],
        ["remove the reference to code outside"],
    )


JSON_BOMBS = (
    (b'{"a":1,"a":2}', "every key once", "JSON object names a key twice: 'a'"),
    (b'{"a":NaN}', "finite numbers", "not a JSON number: NaN"),
    (b'{"a":1e999}', "finite numbers", "not a JSON number: a number too large for a 64-bit float"),
    (b"[" * 100_000, "at most 100 levels of lists and objects", "JSON nested too deeply"),
    (b'{"a":"\xff"}', "a well-formed file", "JSON is not UTF-8: byte 0xff at offset 6"),
    (b"\xef\xbb\xbf{}", "UTF-8 without one", "JSON begins with a byte order mark"),
    (b'{"a":' + b"9" * 5000 + b"}", "at most 4300 digits", "JSON integer too long: 5000 characters"),
    (
        b'"' + "\N{GOTHIC LETTER HWAIR}".encode() * (70 << 18) + b'"',
        "at most 67108864 bytes",
        "JSON too large: 73400322 bytes",
    ),
)


def test_json_that_lies_or_explodes_is_refused(released: Path) -> None:
    bombs = {f"json/{number}.json": data for number, (data, _, _) in enumerate(JSON_BOMBS)}
    write(
        released,
        {
            "release.toml": f'{HEAD}{ARTIFACTS}extra = ["json/*"]\n',
            "config.json": b"[1]",
            "tokenizer.json": b'{"version": "1.0"}',
            **bombs,
        },
    )
    expected = [(f"{number}.json", wanted, found) for number, (_, wanted, found) in enumerate(JSON_BOMBS)]
    expected += [
        ("config.json", "a well-formed file", "the configuration is not a mapping"),
        ("tokenizer.json", "a tokenizer.json with the key model", "not a tokenizer"),
    ]
    assert refused(released).failure == message(
        "weights",
        [f"WEIGHTS_INVALID {name}: wanted {wanted}, found {found}" for name, wanted, found in expected],
        ["write the file again from its source"],
    )


@pytest.mark.parametrize(
    ("text", "wanted", "found"),
    [
        (b"a: 1\na: 2\n", "each key once", "2:1: YAML key is there twice: a"),
        (
            b"a: !!python/object/apply:os.system [id]\n",
            "plain values",
            "1:4: YAML tags are refused: tag:yaml.org,2002:python/object/apply:os.system",
        ),
        (b"a: &x [1]\nb: *x\n", "plain values", "1:4: YAML anchors and aliases are refused"),
        (b"a: \xff\n", "text in UTF-8", "byte 0xff at offset 3"),
    ],
)
def test_yaml_that_lies_or_runs_is_refused(released: Path, text: bytes, wanted: str, found: str) -> None:
    artifacts = ARTIFACTS.replace("config.json", "config.yaml")
    write(released, {"release.toml": HEAD + artifacts, "config.yaml": text})
    assert refused(released).failure == message(
        "weights",
        [f"WEIGHTS_INVALID config.yaml: wanted {wanted}, found {found}"],
        ["write the file again from its source"],
    )


def test_a_gguf_file_that_is_none_is_refused(released: Path) -> None:
    write(released, {"release.toml": f'{HEAD}{ARTIFACTS}gguf = ["m.gguf"]\n', "m.gguf": "GGML and so on"})
    assert refused(released).failure == message(
        "weights, parity-coverage",
        [
            "WEIGHTS_INVALID m.gguf: wanted the magic GGUF, found not a GGUF file",
            (
                "PARITY_UNDECLARED m.gguf: wanted a pair [parity.<pair>] that has it as candidate,"
                " and leads back to the model, found none"
            ),
        ],
        [
            "write the file again from its source",
            "declare [parity.<pair>] for every other format of the model",
        ],
    )


def test_weights_without_a_tensor_are_refused(released: Path) -> None:
    write(released, {"model.safetensors": prefixed(b"{}      ")})
    assert refused(released).failure == message(
        "weights, weights-finite",
        [
            "WEIGHTS_INVALID model.safetensors: wanted at least one tensor, found the weights hold no tensor",
            "WEIGHTS_INVALID artifacts: weights: wanted weights that could be read, found none",
        ],
        ["write the file again from its source"],
    )


def test_adapters_and_gguf_files_among_the_extra_files_are_looked_into(released: Path) -> None:
    write(
        released,
        {
            "release.toml": f'{HEAD}{ARTIFACTS}extra = ["more/*"]\n',
            "more/adapter.safetensors": canonical(NOT_FINITE),
            "more/broken.safetensors": header(ONE, b"\0" * 3),
            "more/small.gguf": "GGML and so on",
        },
    )
    assert refused(released).failure == message(
        "weights, weights-finite",
        [
            "WEIGHTS_INVALID broken.safetensors: wanted 4 bytes of tensors, found safetensors file is cut off: 3 bytes",
            "WEIGHTS_INVALID small.gguf: wanted the magic GGUF, found not a GGUF file",
            "WEIGHTS_NOT_FINITE adapter.safetensors: w: wanted finite values, found 1 NaN, 1 infinite of 3",
        ],
        ["write the file again from its source", "train again from a finite checkpoint"],
    )


def test_the_fixer_refuses_a_malformed_file_and_leaves_it(tmp_path: Path) -> None:
    write(tmp_path, {"m.safetensors": header({"w": entry(0, 8, shape=[2])})})
    before = snapshot(tmp_path)
    done = run(tmp_path, "canonicalize", "m.safetensors")
    assert done.code == 1
    assert done.err == (
        "safetensors file is cut off\n  wanted: 8 bytes of tensors\n  found:  4 bytes\n  where:  m.safetensors\n"
    )
    assert snapshot(tmp_path) == before


def test_after_a_refusal_the_mended_project_is_released_again(released: Path) -> None:
    good = (released / "model.safetensors").read_bytes()
    write(released, {"model.safetensors": good[:-1]})
    assert refused(released).failure == message(
        "weights, weights-finite",
        [
            "WEIGHTS_INVALID model.safetensors: wanted 36 bytes of tensors, found safetensors file is cut off: 35 bytes",
            "WEIGHTS_INVALID artifacts: weights: wanted weights that could be read, found none",
        ],
        ["write the file again from its source"],
    )
    write(released, {"model.safetensors": canonical(TENSORS)})
    assert freeze_and_release(released).code == 0
    assert run(released, "verify", "release/0.1.0").code == 0
