"""Verifying 4 GB in 8 shards against hashlib on one core and on all, sha256sum -c and model_signing."""

from __future__ import annotations

import argparse
import hashlib
import subprocess
from pathlib import Path

from measure import Bench, Case, command_text, main, peer, run_child, script
from projects import commit, copy_code, doit_env, write_project
from weights import model_toml, write_model

WORK = str(Path(__file__).resolve().parent / "work.py")
FASTER, FULL = 4.0, 1.2
TOML = """schema = 1

[release]
name = "bench"
version = "1.0.0"
license = "Apache-2.0"
bundles = []

[artifacts]
{model}
tokenizer = "tokenizer.json"
config = "config.json"
"""
VERIFY, VERIFY_FULL = "release-tasks verify", "release-tasks verify --full"
ONE_CORE, ALL_CORES = "hashlib SHA-256, one pass", "hashlib SHA-256, all cores"
SUMS, SIGNED = "sha256sum -c checksum.txt", "model_signing verify key"


def _release(folder: Path, env: dict[str, str], size: int) -> tuple[Path, list[Path]]:
    place = write_project(folder / "project", TOML.format(model=model_toml(8)))
    (place / ".gitignore").write_text("/.release/\n/release/\n*.safetensors\n__pycache__/\n", "utf-8")
    sources = write_model(place, size=size, shards=8)
    commit(place)
    for command in ("freeze", "release"):
        run_child([script("doit"), command], cwd=place, env=env)
    for path in sources:
        path.unlink()
    released = place / "release/1.0.0"
    return released, sorted(released.glob("*.safetensors"))


def _sign(program: str, folder: Path, released: Path) -> list[str]:
    """Make a key and a signature outside the release; returns the command that verifies it."""
    key, public, signature = folder / "key.pem", folder / "public.pem", folder / "model.sig"
    openssl = ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(key)]
    subprocess.run(openssl, check=True, capture_output=True)
    subprocess.run(
        ["openssl", "ec", "-in", str(key), "-pubout", "-out", str(public)], check=True, capture_output=True
    )
    where = ["--signature", str(signature)]
    run_child([program, "sign", "key", *where, "--private_key", str(key), str(released)], cwd=folder)
    return [program, "verify", "key", *where, "--public_key", str(public), str(released)]


def _check_work(paths: list[Path], released: Path) -> None:
    """All cases must have the same bytes before them: compare one shard with checksum.txt."""
    listed = (released / "checksum.txt").read_text("utf-8")
    with paths[0].open("rb") as file:
        if f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {paths[0].name}\n" not in listed:
            raise AssertionError("the release is not the one that was measured")


def run(bench: Bench, asked: argparse.Namespace, folder: Path) -> None:
    """Measure whole processes, start of the interpreter included, on a warm page cache."""
    size = int((asked.gb or (0.1 if asked.small else 4.0)) * 1e9)
    code = copy_code(folder)
    env = doit_env(code)
    released, shards = _release(folder, env, size)
    _check_work(shards, released)
    names = [str(path) for path in shards]
    commands = {
        VERIFY: [script("release-tasks"), "verify", str(released)],
        VERIFY_FULL: [script("release-tasks"), "verify", "--full", str(released)],
        ONE_CORE: [script("python"), WORK, "hashlib", *names],
        ALL_CORES: [script("python"), WORK, "hashlib2", *names],
        SUMS: ["sha256sum", "-c", "--quiet", "checksum.txt"],
    }
    signer = peer(bench, "model_signing")
    if signer is not None:
        commands[SIGNED] = _sign(signer, folder, released)
    for name, argv in commands.items():
        bench.peers.setdefault(name, {})["command"] = command_text(argv)

    def case(name: str) -> Case:
        argv, says = commands[name], "consistent, origin unproven" if name in {VERIFY, VERIFY_FULL} else ""
        return lambda: run_child(argv, cwd=released, env=env, says=says)

    bench.measure({name: case(name) for name in commands})
    bench.compare("hashlib, one pass / verify", VERIFY, lambda seconds: seconds(ONE_CORE), at_least=FASTER)
    bench.compare(
        "verify --full / hashlib on all cores", VERIFY_FULL, lambda seconds: seconds(ALL_CORES), at_most=FULL
    )
    bench.compare("sha256sum -c / verify", VERIFY, lambda seconds: seconds(SUMS), inverse=True)
    bench.compare("sha256sum -c / verify --full", VERIFY_FULL, lambda seconds: seconds(SUMS), inverse=True)
    if signer is not None:
        bench.compare("model_signing verify / verify", VERIFY, lambda seconds: seconds(SIGNED), inverse=True)
        bench.compare(
            "model_signing verify / verify --full", VERIFY_FULL, lambda seconds: seconds(SIGNED), inverse=True
        )
    bench.notes.append(f"{size / 1e9:.2f} GB in {len(shards)} shards, page cache warm, whole processes")


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--gb", type=float, default=None, help="size in 10^9 bytes (4)")


if __name__ == "__main__":
    main("verify_4gb", run, rounds=7, options=options)
