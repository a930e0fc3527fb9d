"""gitleaks behind its interface, by an executable that takes the options of the real one and refuses others.

The options, exit codes and reports were compared with gitleaks 8.30.1, run by hand; it is not installed here.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from release_tasks.system.scanners.gitleaks_program import find_gitleaks, gitleaks_fact
from release_tasks.system.scanners.gitleaks_scanner import PLANTED, GitleaksScanner
from release_tasks.system.scanners.planted import aws_key
from release_tasks.system.scanners.protocol import Document, Hit, fingerprint

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script with a #! line")

HEX = "8f3a61c5d09e27b4" * 4
FAKE = '''#!{python}
"""gitleaks VERSION as far as it is used: options as cobra reads them, exit 126 for an unknown one."""
import json, os, pathlib, re, sys

VERSION = "{version}"
BROKEN = "{broken}"
RULES = {{
    "aws-access-token": r"\\\\b(?:AKIA|ASIA)[A-Z2-7]{{16}}\\\\b",
    "github-pat": r"ghp_[0-9a-zA-Z]{{36}}",
    "huggingface-access-token": r"\\\\bhf_[A-Za-z]{{34}}\\\\b",
    "private-key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\\\\s\\\\S]*?-----END [A-Z ]*PRIVATE KEY-----",
    "generic-api-key": r"(?:api_key|token[\\\\w.]*)[ \\"']{{0,3}}[=:][ \\"']{{0,3}}([\\\\w.=-]{{10,150}})",
}}
VALUES = {{"--log-level", "--report-format", "--report-path", "--exit-code", "--max-target-megabytes"}}
FLAGS = {{"--no-banner", "--no-color"}}
NEW_VALUES, NEW_FLAGS = {{"--gitleaks-ignore-path"}}, {{"--ignore-gitleaks-allow"}}

def fail(code, text):
    print(text, file=sys.stderr)
    sys.exit(code)

line = sys.argv[1:]
if line == ["version"]:
    print(VERSION)
    sys.exit(0)
if any(name.startswith("GITLEAKS_") for name in os.environ):
    fail(1, "a configuration of somebody else")
new = tuple(map(int, VERSION.split(".")[:2])) >= (8, 19)
command = line.pop(0)
if command not in (("dir", "detect") if new else ("detect",)):
    fail(1, f"unknown command {{command}}")
values, flags = set(VALUES), set(FLAGS)
if new:
    values, flags = values | NEW_VALUES, flags | NEW_FLAGS
if command == "detect":
    values, flags = values | {{"--source"}}, flags | {{"--no-git"}}
given, places = {{}}, []
while line:
    word = line.pop(0)
    if word in values:
        given[word] = line.pop(0)
    elif word in flags:
        given[word] = True
    elif word.startswith("-"):
        fail(126, f"Error: unknown flag: {{word}}")
    else:
        places.append(word)
if command == "detect" and not given.get("--no-git"):
    fail(1, "no git repository")
place = pathlib.Path(given.get("--source") or places[0])
if not place.is_dir():
    fail(1, "no such directory")
if BROKEN == "crash":
    fail(2, "a secret that must not be repeated: " + place.joinpath("000000.txt").read_text())
if BROKEN == "garbage":
    pathlib.Path(given["--report-path"]).write_text("{{}}")
    sys.exit(0)
rows = []
for path in sorted(place.rglob("*")):
    text = path.read_text()
    for rule, pattern in RULES.items():
        if BROKEN == rule:
            continue
        for match in re.finditer(pattern, text):
            secret = match[match.lastindex or 0]
            rows.append({{"RuleID": rule, "Description": "d", "StartLine": text.count("\\\\n", 0, match.start()) + 1,
                         "EndLine": 1, "StartColumn": 1, "EndColumn": 1, "Match": match[0], "Secret": secret,
                         "File": str(path), "SymlinkFile": "", "Commit": "", "Entropy": 4.0, "Author": "",
                         "Email": "", "Date": "", "Message": "", "Tags": [],
                         "Fingerprint": f"{{path}}:{{rule}}:1"}})
assert given["--report-format"] == "json"
pathlib.Path(given["--report-path"]).write_text(json.dumps(rows, indent=1))
sys.exit(int(given["--exit-code"]) if rows else 0)
'''


def gitleaks(folder: Path, *, version: str = "8.30.1", broken: str = "") -> Path:
    """Write the stand-in as `gitleaks` in a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "gitleaks"
    program.write_text(
        FAKE.format(python=sys.executable, version=version, broken=broken).replace("\\\\", "\\"), "utf-8"
    )
    program.chmod(0o755)
    return program


def scanner(place: Path, **how: str) -> GitleaksScanner:
    return GitleaksScanner(str(gitleaks(place / "bin", **how)), place / "scratch")


@pytest.mark.parametrize("version", ["8.30.1", "8.19.0", "8.18.4", "8.16.1"])
def test_every_version_is_asked_with_its_own_options(tmp_path: Path, version: str) -> None:
    documents = [Document("config.json", f'{{"a": "x",\n"b": "{aws_key()}"}}'), Document("b.md", "nothing")]
    result = scanner(tmp_path, version=version).scan(documents)
    assert (result.name, result.version, result.problem) == ("gitleaks", version, None)
    assert (result.controls, result.missed) == (len(PLANTED), ())
    rule = "gitleaks:aws-access-token"
    assert result.hits == (Hit("config.json", 2, rule, fingerprint("config.json", rule, aws_key())),)
    assert list((tmp_path / "scratch").iterdir()) == []  # no copy is left


def test_configurations_in_the_release_and_around_it_count_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITLEAKS_CONFIG", "/somewhere.toml")
    documents = [
        Document(".gitleaks.toml", "[allowlist]\npaths = ['.*']\n"),
        Document(".gitleaksignore", "000002.txt:aws-access-token:1\n"),
        Document("a.txt", f"{aws_key()} # gitleaks:allow\n"),
    ]
    assert [hit.path for hit in scanner(tmp_path).scan(documents).hits] == ["a.txt"]


def test_vocabularies_are_not_shown_to_it(tmp_path: Path) -> None:
    """K7: its rules weigh entropy."""
    documents = [Document("tokenizer.json", f'{{"token": "{aws_key()}"}}', "patterns")]
    assert scanner(tmp_path).scan(documents).hits == ()


def test_digests_are_no_finding(tmp_path: Path) -> None:
    named = Document("a.json", json.dumps({"tokenizer_hash": HEX}))
    manifest = Document("MANIFEST.json", json.dumps({"token_embd.weight": HEX}), holds_digests=True)
    other = Document("b.json", json.dumps({"token_embd.weight": HEX}))
    assert [hit.path for hit in scanner(tmp_path).scan([named, manifest, other]).hits] == ["b.json"]


@pytest.mark.parametrize("rule", sorted(PLANTED))
def test_a_rule_that_finds_nothing_is_missed(tmp_path: Path, rule: str) -> None:
    result = scanner(tmp_path, broken=rule).scan([Document("a.txt", "x")])
    assert (result.missed, result.problem) == ((rule,), None)


@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ({"broken": "crash"}, "exit code 2"),
        ({"broken": "garbage"}, "a report that is no list of findings"),
        ({"version": "9.0.0"}, "not a version 8 of gitleaks"),
        ({"version": "built from source"}, "not a version 8 of gitleaks"),
    ],
)
def test_a_program_that_does_not_scan_says_why_and_no_secret(
    tmp_path: Path, how: dict[str, str], problem: str
) -> None:
    result = scanner(tmp_path, **how).scan([Document("a.txt", f"{aws_key()}\n")])
    assert (result.problem, result.hits, result.controls) == (problem, (), 0)


def test_a_program_that_cannot_be_started(tmp_path: Path) -> None:
    program = gitleaks(tmp_path / "bin")
    program.write_bytes(b"\0not a program")
    result = GitleaksScanner(str(program), tmp_path / "scratch").scan([Document("a.txt", "x")])
    assert (result.version, result.problem) == ("unknown", "not a version 8 of gitleaks")


def test_the_program_on_path_is_a_fact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert (find_gitleaks(), gitleaks_fact()) == (None, "none")
    program = gitleaks(tmp_path / "bin")
    before = gitleaks_fact()
    assert find_gitleaks() == str(program)
    assert before.startswith(f"{program} ")
    os.utime(program, ns=(1, 1))
    assert gitleaks_fact() != before
