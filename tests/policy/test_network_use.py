"""R25: what reaches out is found, what is only read by people is not."""

from __future__ import annotations

import json

import pytest

from release_tasks.formats.text_lines import text_lines
from release_tasks.policy.network_use import network_uses


def found(path: str, text: str) -> list[tuple[int, str]]:
    return [(use.line, use.found) for use in network_uses(path, text, text_lines(text, path=path))]


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("weights_url", "https://models.invalid/w.safetensors", "weights_url: https://models.invalid"),
        (
            "model_url",
            "http://user:pass@models.invalid:8080/x?token=abc",
            "model_url: http://models.invalid:8080",
        ),
        ("url", "ftp://files.invalid/a", "url: ftp://files.invalid"),
        ("checkpoint", "s3://bucket/key", "checkpoint: s3://bucket"),
        ("vocab_file", "gs://bucket/vocab", "vocab_file: gs://bucket"),
        ("base", "hf://org/name", "base: hf://org"),
    ],
)
@pytest.mark.parametrize("form", ["json", "yaml", "toml"])
def test_an_address_in_a_configuration_is_fetched(key: str, value: str, shown: str, form: str) -> None:
    text = {
        "json": json.dumps({"layers": 2, "deep": {key: value}}, indent=1),
        "yaml": f"layers: 2\n{key}: {value}\n",
        "toml": f'layers = 2\n{key} = "{value}"\n',
    }[form]
    assert [use for _, use in found(f"config.{form}", text)] == [shown]


def test_addresses_in_a_list_are_found_with_their_lines() -> None:
    text = "mirrors:\n  - https://a.invalid/w\n  - 'https://b.invalid/w'\n"
    assert found("c.yaml", text) == [(2, "a value: https://a.invalid"), (3, "a value: https://b.invalid")]
    assert found("c.json", '{"mirrors": ["https://a.invalid/w"]}') == [(1, "mirrors: https://a.invalid")]


@pytest.mark.parametrize(
    "key",
    ["$schema", "$id", "@context", "license", "license_url", "license_link", "licence", "homepage", "home_page",
     "documentation", "docs_url", "paper_url", "model_paper", "repository", "github", "citation"],
)  # fmt: skip
def test_what_people_read_is_no_use(key: str) -> None:
    assert found("config.json", json.dumps({key: "https://a.invalid/x"})) == []


@pytest.mark.parametrize(
    "text",
    [
        '{"note": "see https://a.invalid for more"}',
        '{"file": "w.safetensors", "ratio": "3://4"}',
        '{"https://a.invalid/x": 3}',
        '{"name": "org/name"}',
    ],
)
def test_a_text_that_mentions_an_address_is_no_use(text: str) -> None:
    assert found("config.json", text) == []


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("import requests\nrequests.get(u)", "a call of requests.get"),
        ("from requests import get as g\ng(u)", "a call of requests.get"),
        ("import requests as r\nr.Session().post(u)", "a call of requests.Session"),
        ("import urllib.request\nurllib.request.urlopen(u)", "a call of urllib.request.urlopen"),
        ("from urllib.request import urlretrieve\nurlretrieve(u)", "a call of urllib.request.urlretrieve"),
        ("import socket\nsocket.create_connection(a)", "a call of socket.create_connection"),
        ("from huggingface_hub import hf_hub_download\nhf_hub_download('a/b', 'c')",
         "a call of huggingface_hub.hf_hub_download"),
        ("import torch\ntorch.hub.load('a/b', 'c')", "a call of torch.hub.load"),
        ("AutoModel = object\nAutoModel.from_pretrained('org/name')",
         "a call of from_pretrained with the name of a repository"),
        ("x\nload_dataset('org/name')", "a call of load_dataset with the name of a repository"),
        ("x\nfrom_config(c, trust_remote_code=True)", "trust_remote_code=True"),
    ],
)  # fmt: skip
def test_python_that_reaches_out(code: str, shown: str) -> None:
    assert (2, shown) in found("modeling.py", code)


@pytest.mark.parametrize(
    "code",
    [
        "# requests.get(u)",
        '"""Call requests.get(u), see https://a.invalid."""',
        "import requests",
        "get = {}.get\nget('https://a.invalid')",
        "AutoModel.from_pretrained('./here')",
        "AutoModel.from_pretrained(path)",
        "AutoModel.from_pretrained('org/name', local_files_only=True)",
        "from_config(c, trust_remote_code=False)",
        "from urllib.parse import urlparse\nurlparse(u)",
        "def (",
        "x = '\\d'",
    ],
)
def test_python_that_stays_at_home(code: str) -> None:
    assert found("modeling.py", code) == []


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("curl -L https://a.invalid", "the command curl"),
        ("cd x && wget https://a.invalid", "the command wget"),
        ("sudo pip install x", "the command pip install"),
        ("git  clone https://a.invalid", "the command git clone"),
    ],
)
def test_scripts_that_reach_out(line: str, shown: str) -> None:
    assert found("run.sh", f"set -e\n{line}\n") == [(2, shown)]


@pytest.mark.parametrize("line", ["# curl x", "echo curled", "git status", "cp curl.txt a"])
def test_scripts_that_stay_at_home(line: str) -> None:
    assert found("run.sh", line) == []
