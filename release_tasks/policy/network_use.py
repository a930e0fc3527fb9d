"""What in a configuration or in code fetches something when the model is used (R25): rules, not guesses."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from release_tasks.formats.text_lines import Line, value_of
from release_tasks.policy.release_scope import PYTHON_SUFFIXES, SHELL_SUFFIXES


@dataclass(frozen=True, slots=True)
class NetworkUse:
    """A line (from 1) and what in it reaches out, in words that hold no password."""

    line: int
    found: str


# A value that is an address as a whole; what loaders fetch themselves, whatever the key is called.
_ADDRESS = re.compile(
    r"(https?|ftps?|sftp|ssh|s3|gs|gcs|hf|az|abfss?|wasbs?|hdfs|dbfs|oci|git|git\+https|git\+ssh)"
    r"://(?:[^\s/@]*@)?([^\s/?#@]+)[^\s]*",
    re.IGNORECASE,
)
# Keys whose addresses are read by people or name things; nothing fetches them.
_FOR_PEOPLE = re.compile(
    r"\$?schema|\$id|\$ref|@context|@id|@type|@vocab|xmlns.*|namespace"
    r"|(.*[_-])?(home_?page|licen[cs]es?|readme|docs?|documentation|paper|papers|arxiv|doi|citation|cite"
    r"|bibtex|repo|repository|github|issues|bugs|support|contact|author|authors|website|blog|demo|funding"
    r"|about|project|reference|references|attribution|terms|privacy|policy|changelog)"
    r"([_-]?(ur[il]|urls|link|links|page|address))?",
    re.IGNORECASE,
)
# Dotted names by their beginning; a call of any name below one of them reaches out.
_PYTHON = (
    "requests.", "urllib.request.", "urllib3.", "http.client.HTTP", "httpx.", "aiohttp.", "ftplib.",
    "smtplib.", "telnetlib.", "paramiko.", "socket.socket", "socket.create_connection",
    "socket.create_server", "xmlrpc.client.", "websocket.", "websockets.", "boto3.", "botocore.",
    "google.cloud.storage.", "gcsfs.", "s3fs.", "wget.", "gdown.", "pooch.retrieve",
    "huggingface_hub.hf_hub_download", "kagglehub.", "huggingface_hub.snapshot_download",
    "huggingface_hub.HfApi", "torch.hub.", "tensorflow_hub.load", "nltk.download",
)  # fmt: skip
_HUB_LOADERS = frozenset({"from_pretrained", "load_dataset", "from_pretrained_keras"})
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_LOCAL = re.compile(r"[.~/\\]|[A-Za-z]:")
_SHELL = re.compile(
    r"(?:^|[|;&`(]|\bsudo\s|\bthen\s|\bdo\s)\s*"
    r"(curl|wget|aria2c|scp|sftp|rsync\s+\S+:|git\s+(?:clone|fetch|pull)|aws\s+s3|gsutil|azcopy|pip3?\s+install"
    r"|huggingface-cli\s+download|hf\s+download|Invoke-WebRequest|Invoke-RestMethod)\b",
    re.IGNORECASE,
)


def network_uses(path: str, text: str, lines: Sequence[Line]) -> tuple[NetworkUse, ...]:
    """Find every use of the network in one file; `lines` are those of `text`, the suffix tells its kind.

    Python that does not parse reaches nobody. An address in a comment or in running text is no use: of
    configuration only values that are an address as a whole count, unless their key is for people.
    """
    name = path.casefold()
    if name.endswith(PYTHON_SUFFIXES):
        found = list(_python(text))
    elif name.endswith(SHELL_SUFFIXES):
        found = list(_shell(text))
    else:
        found = list(_config(lines))
    return tuple(dict.fromkeys(sorted(found, key=lambda use: (use.line, use.found))))


def _config(lines: Sequence[Line]) -> Iterator[NetworkUse]:
    for line in lines:
        value = value_of(line).strip().removeprefix("- ").strip("\"'")
        match = _ADDRESS.fullmatch(value)
        if match and not line.is_key and not _FOR_PEOPLE.fullmatch(line.name):
            key = ascii(line.name)[1:-1][:80] or "a value"
            yield NetworkUse(line.number, f"{key}: {match[1].lower()}://{ascii(match[2])[1:-1][:100]}")


def _shell(text: str) -> Iterator[NetworkUse]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.lstrip().startswith(("#", "::", "REM ")):
            for match in _SHELL.finditer(line[:4096]):
                yield NetworkUse(number, f"the command {' '.join(match[1].split())}")


def _python(text: str) -> Iterator[NetworkUse]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the code that is read: invalid escapes
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    names = _imported(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _call(node, names)


def _imported(tree: ast.Module) -> dict[str, str]:
    """The dotted name behind every name that an import binds."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for item in node.names:
                names[item.asname or item.name.partition(".")[0]] = (
                    item.name if item.asname else item.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for item in node.names:
                names[item.asname or item.name] = f"{node.module}.{item.name}"
    return names


def _dotted(node: ast.expr, names: dict[str, str]) -> str:
    match node:
        case ast.Name(id=name):
            return names.get(name, "")
        case ast.Attribute(value=value, attr=attr):
            before = _dotted(value, names)
            return f"{before}.{attr}" if before else ""
        case ast.Call(func=func):
            return _dotted(func, names)
        case _:
            return ""


def _call(node: ast.Call, names: dict[str, str]) -> Iterator[NetworkUse]:
    dotted = _dotted(node.func, names)
    if dotted.startswith(_PYTHON):
        yield NetworkUse(node.lineno, f"a call of {dotted}")
    loader = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if loader in _HUB_LOADERS and not _is_local(node):
        yield NetworkUse(node.lineno, f"a call of {loader} with the name of a repository")
    for keyword in node.keywords:
        if keyword.arg == "trust_remote_code" and _is_true(keyword.value):
            yield NetworkUse(node.lineno, "trust_remote_code=True")


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _is_local(node: ast.Call) -> bool:
    """Whether a loader is told a folder, or something that only running would tell."""
    if any(item.arg == "local_files_only" and _is_true(item.value) for item in node.keywords):
        return True
    first = node.args[0] if node.args else None
    if not isinstance(first, ast.Constant) or not isinstance(first.value, str):
        return True
    return bool(_LOCAL.match(first.value)) or not _HUB_ID.fullmatch(first.value)
