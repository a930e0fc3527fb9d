"""K7: every rule finds its planted secret, entropy spares vocabularies and digests, no secret is told."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import random
import string

import pytest

from release_tasks.system.scanners import detect_secrets_scanner as module
from release_tasks.system.scanners.planted import PLANTED, aws_key, github_token, private_key, random_text
from release_tasks.system.scanners.protocol import Document, Hit, fingerprint

HEX = "8f3a61c5d09e27b4" * 4
SCANNER = module.make()


def rules(text: str, path: str = "a.txt", depth: str = "all") -> set[str]:
    return {hit.rule for hit in SCANNER.scan([Document(path, text, depth)]).hits}  # type: ignore[arg-type]


def test_every_rule_is_switched_on_and_finds_its_planted_secret() -> None:
    result = SCANNER.scan([])
    assert (result.hits, result.missed, result.problem) == ((), (), None)
    assert result.controls == len(PLANTED) + 12
    own = {rule for rule, _ in module._rules().patterns}
    assert own | {"Base64 High Entropy String", "Hex High Entropy String", "Secret Keyword"} == set(PLANTED)


def test_a_rule_that_finds_nothing_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scanner that silently does nothing must not pass."""
    monkeypatch.setattr(module._Rules, "matches", lambda *_args, **_options: iter(()))
    missed = SCANNER.scan([]).missed
    assert {"AWS Access Key", "Private Key", "GitHub Token (vocabulary)"} <= set(missed)
    monkeypatch.undo()
    monkeypatch.setattr(module._Rules, "random", lambda *_args: iter(()))
    assert SCANNER.scan([]).missed == ("Base64 High Entropy String", "Hex High Entropy String")


FORMS = {
    "plain": ("a.txt", "{}\n"),
    "markdown": ("a.md", "Use `{}` to log in.\n"),
    "yaml": ("a.yaml", "layers: 2\nvalue: {}\n"),
    "environment": ("a.env", "VALUE={}\n"),
    "python": ("a.py", 'value = "{}"\n'),
}


@pytest.mark.parametrize(("path", "form"), FORMS.values(), ids=FORMS)
@pytest.mark.parametrize(
    ("secret", "rule"),
    [
        (aws_key(), "AWS Access Key"),
        (github_token(), "GitHub Token"),
        (random_text(), "Base64 High Entropy String"),
        (HEX[:32], "Hex High Entropy String"),
    ],
)
def test_a_secret_is_found_in_every_kind_of_text(path: str, form: str, secret: str, rule: str) -> None:
    assert rules(form.format(secret), path) == {rule}


def test_a_secret_in_json_is_found_wherever_it_stands() -> None:
    text = json.dumps(
        {"a": [{"b": f"x {aws_key()}"}], github_token(): 1, "sample": f"k = '{random_text()}'\n"}
    )
    assert rules(text, "c.json") == {"AWS Access Key", "GitHub Token", "Base64 High Entropy String"}


def test_a_private_key_in_json_is_one_finding_and_another_key_another() -> None:
    one, two = private_key(), private_key().replace("q7Zk", "q7Zl")
    hits = SCANNER.scan([Document("c.json", json.dumps({"a": one, "b": two}))]).hits
    assert [hit.rule for hit in hits] == ["Private Key", "Private Key"]
    assert hits[0].fingerprint != hits[1].fingerprint


@pytest.mark.parametrize("label", ["ENCRYPTED PRIVATE", "PRIVATE", "EC PRIVATE", "OPENSSH PRIVATE"])
def test_private_keys_with_every_label(label: str) -> None:
    assert rules(f"-----BEGIN {label} " + "KEY-----\n") == {"Private Key"}


def test_two_secrets_of_one_rule_have_two_fingerprints() -> None:
    """An exception for one never covers the other."""
    first, second = github_token(), github_token()[:-1] + "9"
    hits = SCANNER.scan([Document("a.txt", f"{first}\n{second}\n{first}\n")]).hits
    assert [(hit.line, hit.rule) for hit in hits] == [(1, "GitHub Token"), (2, "GitHub Token")]
    assert hits[0] == Hit("a.txt", 1, "GitHub Token", fingerprint("a.txt", "GitHub Token", first))


@pytest.mark.parametrize(
    "comment", ["# pragma: allowlist secret", "# pragma: whitelist secret", "# gitleaks:allow", "# nosec"]
)
def test_no_comment_excuses_a_line(comment: str) -> None:
    """K8: exceptions are made in the policy."""
    assert rules(f"key = '{aws_key()}'  {comment}") == {"AWS Access Key"}


@pytest.mark.parametrize("path", ["a.lock", "a.svg", "package-lock.json", "swagger.json", ".gitleaks.toml"])
def test_no_name_excuses_a_file(path: str) -> None:
    assert rules(f"x {aws_key()}\n", path) == {"AWS Access Key"}


@pytest.mark.parametrize(
    "text",
    [
        f"sha256:{HEX}",
        f"{HEX}  model.safetensors",
        f"git_commit: {HEX[:40]}",
        "0f8fad5b-d9cb-469f-a165-70867728950e",
        "examples/tinycoder/data/records/write-a-function-that-adds.json",
        "test_that_a_very_long_name_of_a_function_is_not_a_secret_at_all",
        "Meta-Llama-3-8B-Instruct-Q4_K_M",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
        "password: <your password>",
        "password: $PASSWORD",
        'password = os.environ["PASSWORD"]',
        "secrets: soft",
        "The password of the example is described below.",
    ],
)
def test_what_is_no_secret(text: str) -> None:
    assert rules(text) == set()


def test_digests_of_a_manifest_are_digests_whatever_their_key() -> None:
    text = json.dumps({"tensors": {"token_embd.weight": HEX}})
    assert SCANNER.scan([Document("MANIFEST.json", text, holds_digests=True)]).hits == ()
    assert rules(text, "other.json") == {"Hex High Entropy String"}


def test_a_tokenizer_with_thousands_of_random_tokens_has_none() -> None:
    """K7: entropy never on vocabularies; an exact pattern still counts there."""
    source = random.Random(7)
    words = ["".join(source.choices(string.ascii_letters + string.digits, k=40)) for _ in range(3000)]
    vocabulary = {word: index for index, word in enumerate([*words, "password", "secret_key"])}
    text = json.dumps({"model": {"vocab": vocabulary}})
    assert rules(text, "tokenizer.json", "patterns") == set()
    assert (
        len(SCANNER.scan([Document("config.json", text)]).hits) >= 2850
    )  # of what is random, 2 of 100 look too regular
    assert rules(text + private_key(), "tokenizer.json", "patterns") == {"Private Key"}
    assert rules(text + aws_key(), "tokenizer.json", "patterns") == {"AWS Access Key"}


def test_a_line_of_a_megabyte_is_scanned_to_its_end() -> None:
    text = "a" * 500_000 + " // " * 100_000 + aws_key()
    assert rules(text) == {"AWS Access Key"}
    assert rules(json.dumps({"x": text}), "a.json") == {"AWS Access Key"}


def test_nothing_of_a_result_holds_a_secret() -> None:
    documents = [Document("a.txt", f"{text}\n") for text in PLANTED.values()]
    result = json.dumps(dataclasses.asdict(SCANNER.scan(documents)))
    for text in (aws_key(), github_token(), random_text(), "Tr0ub4dor"):
        assert text not in result


def test_a_fingerprint_binds_path_rule_and_secret() -> None:
    """The bytes that docs/reference/secrets.md names."""
    whole = hashlib.sha256(b"release_tasks/secret/1\na\nb\nc").hexdigest()
    assert fingerprint("a", "b", "c") == f"sha256:{whole}"
    assert len({fingerprint(*texts) for texts in (("a", "b", "c"), ("b", "a", "c"), ("a", "b", "d"))}) == 3
