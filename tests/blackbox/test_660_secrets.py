"""Secrets, network use, unsafe modes and open marks, through the command that a user types (K7, K8, R6, R25, R27)."""

from __future__ import annotations

import io
import json
import os
import pickle
import random
import re
import string
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from project import Project, copy_project, rows

from release_tasks.system.scanners.planted import aws_key, github_token, private_key, random_text

NOTES = "Notes\n\nLicence: Apache-2.0\nHomepage: https://example.invalid/model\n"
PICKLE = pickle.dumps({"w": 1}, protocol=4)
SECRETS = (aws_key(), private_key().splitlines()[1], random_text(), github_token())


@pytest.fixture(scope="module")
def scanned(built: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A released project with a file of words beside the model; never change it, copy it."""
    project = copy_project(built, tmp_path_factory.mktemp("scanned") / "project")
    project.write("notes.md", NOTES)
    project.write("serving.json", json.dumps({"license_url": "https://example.invalid/x", "port": 80}))
    project.replace("release.toml", 'quality = "build/quality.json"', QUALITY)
    done = accepted(project)
    assert "warned" not in rows(done)["gates"] or "secrets" not in rows(done)["gates"]
    return project


QUALITY = 'quality = "build/quality.json"\nextra = ["notes.md", "serving.json"]'


@pytest.fixture
def mine(scanned: Project, tmp_path: Path) -> Project:
    return copy_project(scanned, tmp_path / "project")


def frozen(project: Project) -> None:
    done = project.doit("freeze", "--update")
    assert done.returncode == 0, done.stdout + done.stderr


def accepted(project: Project, *options: str) -> Any:
    frozen(project)
    done = project.doit("release", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def refused(project: Project, *options: str) -> str:
    """Freeze and release, which must be refused; nothing of the version stays, and no secret is repeated."""
    frozen(project)
    done = project.doit("release", *options)
    assert done.returncode == 1, done.stdout + done.stderr
    assert sorted(path.name for path in project.path("release").iterdir()) == [".rejected"]
    told = done.stdout + done.stderr
    for path in (*project.path(".release/records").rglob("*.json"), *project.path(".release/logs").glob("*")):
        if path.name not in {"smoke.json", "smoke.log", "commands.json", "policy.json"}:
            told += path.read_text("utf-8", "replace")
    assert not [secret for secret in SECRETS if secret in told]
    return str(done.stdout)


def found(text: str, code: str) -> list[tuple[str, str]]:
    """Subject and finding of every refusal with a code."""
    return re.findall(rf"{code} (\S+): wanted .*?, found (.*)$", text, re.MULTILINE)


def evidence(project: Project) -> Any:
    return json.loads(project.read(".release/records/secrets.json"))["data"]


def fingerprint_of(finding: str) -> str:
    return finding.rpartition(" ")[2]


def test_planted_secrets_refuse_wherever_they_are_planted(mine: Project) -> None:
    """K7: in the configuration that a step makes, in words beside the model, in release.toml."""
    mine.replace("scripts/train.py", '{"words": words}', f'{{"words": words, "note": "{aws_key()}"}}')
    mine.write("notes.md", f"{NOTES}\n{private_key()}\n\nlog in with {random_text()}\n")
    mine.replace("release.toml", 'architecture = "bag of words"', f'architecture = "{github_token()}"')
    text = refused(mine)
    assert "the gate refused the release: secrets\n" in text
    hits = {(place, what.partition(",")[0]) for place, what in found(text, "SECRET_FOUND")}
    assert hits == {
        ("config.json:1", "AWS Access Key"),
        ("config.yaml:1", "AWS Access Key"),
        ("notes.md:6", "Private Key"),
        ("notes.md:11", "Base64 High Entropy String"),
        ("release.toml:7", "GitHub Token"),
    }
    assert "remove the secret and revoke it: whoever has this file has it" in text


def test_a_secret_that_only_the_evidence_holds_refuses_the_packaged_bytes(mine: Project) -> None:
    """Design §4: accept repeats the scan on exactly what will be released."""
    mine.replace("scripts/smoke.py", "    return {words}", f"    return '{github_token()}'")
    text = refused(mine)
    assert "FAILED  accept" in text
    assert "the gate refused the packaged release: secrets\n" in text
    assert [place for place, _ in found(text, "SECRET_FOUND")] == ["evidence/smoke.json:1"]
    # The exact exception lets it pass; the same one is judged where the file is, and is not unused.
    ((_, what),) = found(text, "SECRET_FOUND")
    policy = mine.read("release_policy.yml")
    mine.write("release_policy.yml", policy + exceptions(("evidence/smoke.json", "GitHub Token", what)))
    assert "SECRET" not in accepted(mine).stdout
    # The gate off: nothing is looked at, and the verdict says so.
    mine.write("release_policy.yml", policy.replace("gates:", "gates:\n  secrets: soft"))
    assert "SECRET_FOUND evidence/smoke.json:1: found GitHub Token" in accepted(mine).stdout
    off = "gates:\n  secrets: off\n  network: off\n  todo: off"
    mine.write("release_policy.yml", policy.replace("gates:", off))
    assert "SECRET" not in accepted(mine).stdout
    assert json.loads(mine.read(".release/records/acceptance.json"))["scan"] == []


def exceptions(*items: tuple[str, str, str]) -> str:
    lines = ["exceptions:"]
    for path, rule, finding in items:
        lines += [f"  - path: {path}", f"    rule: {rule}", f'    fingerprint: "{fingerprint_of(finding)}"']
        lines += ["    reason: an example that opens nothing"]
    return "\n".join(lines) + "\n"


def test_an_exception_is_exact_and_one_without_a_finding_is_reported(mine: Project) -> None:
    """K8."""
    mine.write("notes.md", f"{NOTES}\nfor example {github_token()}\n")
    ((place, what),) = found(refused(mine), "SECRET_FOUND")
    assert place == "notes.md:6"
    policy = mine.read("release_policy.yml")
    good = ("notes.md", "GitHub Token", what)
    mine.write("release_policy.yml", policy + exceptions(good))
    assert "SECRET" not in accepted(mine).stdout
    # Another token in the same file is another secret.
    mine.write("notes.md", f"{NOTES}\nfor example {github_token()[:-1]}9\n")
    text = refused(mine)
    ((place, other),) = found(text, "SECRET_FOUND")
    assert (place, fingerprint_of(other) != fingerprint_of(what)) == ("notes.md:6", True)
    # Nothing to excuse: a warning, in the table of the run.
    mine.write("notes.md", NOTES)
    unused = (
        f"SECRET_EXCEPTION_UNUSED notes.md: found none of GitHub Token, fingerprint {fingerprint_of(what)}\n"
    )
    shown = accepted(mine).stdout
    assert unused in shown
    assert "remove the exception from the policy: it matches nothing" in shown


def test_a_vocabulary_may_look_as_random_as_it_likes(mine: Project) -> None:
    """K7."""
    source = random.Random(7)
    letters = string.ascii_letters + string.digits
    words = " ".join("".join(source.choices(letters, k=40)) for _ in range(3000))
    mine.write("data/one.txt", f"alpha beta gamma {words}\n")
    accepted(mine)
    data = evidence(mine)
    assert data["secrets"] == []
    assert data["not_scanned"] == [{"path": "model.safetensors", "reason": "weights"}]
    assert {"tokenizer.json", "config.json", "config.yaml", "notes.md", "release.toml"} <= set(
        data["scanned"]
    )


def test_addresses_that_are_fetched_refuse_and_those_for_people_pass(mine: Project) -> None:
    """R25: no remote calls; and a pickle in an archive is a pickle."""
    mine.write("serving.json", json.dumps({"weights_url": "https://user:pw@models.invalid/w", "port": 80}))
    mine.write("load.py", "import requests\n\nrequests.get('https://models.invalid/w')\n")
    with tarfile.open(mine.path("more.tgz"), "w:gz") as archive:
        item = tarfile.TarInfo("deep/state.dat")
        item.size = len(PICKLE)
        archive.addfile(item, io.BytesIO(PICKLE))
    mine.replace("release.toml", '"serving.json"]', '"serving.json", "load.py", "more.tgz"]')
    text = refused(mine)
    assert found(text, "SELF_CONTAINED_PICKLE") == [
        ("more.tgz", "an archive that holds a pickle, deep/state.dat")
    ]
    assert found(text, "NETWORK_USE") == [
        ("load.py:3", "a call of requests.get"),
        ("serving.json:1", "weights_url: https://models.invalid"),
    ]
    assert "user:pw" not in text


def test_open_marks_warn_and_refuse_when_warnings_do(mine: Project) -> None:
    """R6: the scope is released text; a mark in a script that is not released is nobody's business."""
    mine.write("notes.md", f"{NOTES}\nTODO: measure\n")
    mine.write("scripts/train.py", "# FIXME: faster\n" + mine.read("scripts/train.py"))
    shown = accepted(mine)
    assert "todo" in rows(shown)["gates"]
    assert "TODO_FOUND notes.md:6: found TODO\n" in shown.stdout
    assert "FIXME" not in shown.stdout
    text = refused(mine, "--strict")
    assert found(text, "TODO_FOUND") == [("notes.md:6", "TODO")]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such bits")
def test_inputs_that_others_may_change_refuse_until_their_bits_are_mended(mine: Project) -> None:
    """R25 and R27: what anybody may write is not the checkpoint that was made."""
    mine.path("notes.md").chmod(0o666)
    mine.path("scripts/smoke.py").chmod(0o4755)
    text = refused(mine)
    assert found(text, "FILE_MODE_UNSAFE") == [
        ("notes.md", "world-writable (0666)"),
        ("scripts/smoke.py", "setuid (4755)"),
    ]
    mine.path("notes.md").chmod(0o644)
    mine.path("scripts/smoke.py").chmod(0o755)
    accepted(mine)
    assert evidence(mine)["modes"] == []


def test_without_a_scanner_that_works_nothing_is_released(mine: Project, tmp_path: Path) -> None:
    """K7, positive control: one that finds nothing has not scanned, and one that is not there neither."""
    silent = tmp_path / "bin" / "gitleaks"
    silent.parent.mkdir()
    silent.write_text(
        '#!/bin/sh\nif [ "$1" = version ]; then echo 8.30.1; exit; fi\n'
        'while [ $# -gt 0 ]; do if [ "$1" = --report-path ]; then echo "[]" > "$2"; fi; shift; done\n'
    )
    silent.chmod(0o755)
    frozen(mine)
    path = f"{silent.parent}{os.pathsep}{os.environ['PATH']}"
    done = mine.doit("release", env={"PATH": path})
    assert done.returncode == 1
    ((name, what),) = re.findall(
        r"SECRETS_NOT_SCANNED (.*): wanted every planted secret found, found (.*)$", done.stdout, re.MULTILINE
    )
    assert name == "gitleaks 8.30.1"
    assert what == (
        "missed: aws-access-token, generic-api-key, github-pat, huggingface-access-token, private-key"
    )
    # It is gone: the scan is made again, although no file has changed.
    assert mine.doit("release").returncode == 0
