"""The scripts end to end with few steps, twice, under different surroundings."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

CODER = Path(__file__).resolve().parents[2] / "examples" / "tinycoder"
X86_V3 = "SSSE3 SSE41 POPCNT SSE42 AVX F16C FMA3 AVX2 X86_V3"


def environment(home: Path, **changes: str) -> dict[str, str]:
    pinned = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "HOME": str(home)}
    features = np._core._multiarray_umath.__cpu_features__  # type: ignore[attr-defined]
    if features.get("X86_V3") or features.get("AVX2"):
        pinned |= {"OPENBLAS_CORETYPE": "Haswell", "NPY_ENABLE_CPU_FEATURES": X86_V3}
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    return {**kept, **pinned, **changes}


def script(folder: Path, env: dict[str, str], name: str, *flags: str) -> str:
    command = [sys.executable, f"examples/tinycoder/{name}", *flags]
    done = subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True, text=True)
    return done.stdout


def build(folder: Path, env: dict[str, str]) -> dict[str, str]:
    """Run all steps on a tenth of the records; return the digest of every output."""
    home = folder / "examples" / "tinycoder"
    home.mkdir(parents=True)
    for path in CODER.glob("*.py"):
        shutil.copy(path, home)
    records = home / "data" / "records"
    records.mkdir(parents=True)
    for path in sorted((CODER / "data" / "records").glob("*.json"))[::10]:
        shutil.copy(path, records)
    data = ("--records", "examples/tinycoder/data/records")
    vocabulary = ("--tokenizer", "build/tokenizer.json")
    config = ("--config", "build/m/config.json")
    script(folder, env, "train_tokenizer.py", *data, "--vocab-size", "300", "--out", "build/tokenizer.json")
    flags = ("--steps", "12", "--check-every", "4", "--width", "32", "--hidden", "64", "--layers", "1")
    printed = script(folder, env, "train.py", *data, *vocabulary, "--out", "build/m", "--seed", "5", *flags)
    assert [line.split(" loss ")[0] for line in printed.splitlines()] == [
        "step 4/12",
        "step 8/12",
        "step 12/12",
    ]
    for kind in ("F32", "Q8_0"):
        weights = ("--model", "build/m/model.safetensors", "--type", kind, "--version", "1.0.0")
        script(folder, env, "export_gguf.py", *weights, *config, *vocabulary, "--out", f"build/{kind}.gguf")
    model = ("--model", "build/F32.gguf", "--seed", "5")
    script(folder, env, "evaluate.py", *model, *vocabulary, *data, "--out", "build/quality.json")
    found = sorted(path for path in (folder / "build").rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in found
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("first")
    return folder, build(folder, environment(folder, PYTHONHASHSEED="0", TZ="UTC"))


def test_another_folder_and_hash_seed_give_the_same_bytes(
    built: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    changed = environment(tmp_path / "home", PYTHONHASHSEED="4242", TZ="Pacific/Kiritimati", LC_ALL="C")
    assert build(tmp_path / "a" / "longer name", changed) == built[1]
    assert len(built[1]) == 7


def test_the_records_of_a_run(built: tuple[Path, dict[str, str]]) -> None:
    training = json.loads((built[0] / "build" / "m" / "training.json").read_bytes())
    assert (training["seed"], training["steps"], len(training["checkpoints"])) == (5, 12, 3)
    assert (training["metric"], training["direction"]) == ("validation_exact_match", "higher")
    # Nothing is learned in 12 steps: all checkpoints score 0 and the first stays.
    assert training["checkpoint"] == {"step": 4, "validation_exact_match": 0.0}
    quality = json.loads((built[0] / "build" / "quality.json").read_bytes())
    assert quality["samples"] == len(quality["per_record"]) > 5
    assert quality["pass_at_1"] == 0.0
    compiled = [row["compiled"] for row in quality["per_record"]]
    assert quality["compile_rate"] == round(sum(compiled) / len(compiled), 6)


def release(built: tuple[Path, dict[str, str]], folder: Path) -> Path:
    for name in ("tokenizer.json", "m/model.safetensors", "m/config.json"):
        shutil.copy(built[0] / "build" / name, folder)
    return folder


def test_smoke_generate_and_gguf_print_the_same_text(
    built: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    folder = release(built, tmp_path)
    root, env = CODER.parents[1], environment(tmp_path)
    smoked = script(root, env, "smoke.py", str(folder), "--prompt", "Write f(x): add 2.")
    assert smoked.strip()
    assert smoked == script(
        root, env, "generate.py", "--model", str(folder), "--prompt", "Write f(x): add 2."
    )
    from_gguf = ("--model", str(built[0] / "build" / "F32.gguf"), "--tokenizer", str(folder))
    assert smoked == script(root, env, "generate.py", *from_gguf, "--prompt", "Write f(x): add 2.")


def test_smoke_says_what_a_folder_lacks(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    command = [sys.executable, str(CODER / "smoke.py"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"smoke: {tmp_path} has no model.safetensors, tokenizer.json\n"


def test_smoke_fails_when_the_model_writes_nothing(
    built: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    folder = release(built, tmp_path)
    tensors = {name: value * 0 for name, value in load_file(folder / "model.safetensors").items()}
    save_file(tensors, folder / "model.safetensors")  # all logits 0: END, the first id, wins
    done = subprocess.run(
        [sys.executable, str(CODER / "smoke.py"), str(folder)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "smoke: the model wrote nothing\n")
