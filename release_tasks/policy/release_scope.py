"""Which scan looks at which file of a release: the declared scope of secrets, network use and open marks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Depth = Literal["all", "patterns", "none"]

# Roles of files that are numbers; they are never opened (K7).
WEIGHT_ROLES = frozenset({"weights", "gguf"})
WEIGHT_SUFFIXES = (".safetensors", ".gguf")
# Words and pieces of words look as random as keys: exact patterns only, no entropy, no keywords (K7).
VOCABULARY_ROLES = frozenset({"tokenizer", "preprocessor", "weights-index"})
# Members of a wheel or source archive: in source code every other constant is named like a secret.
MEMBER_ROLE = "member"
_VOCABULARY_NAMES = frozenset(
    {"tokenizer.json", "vocab.json", "vocab.txt", "merges.txt", "added_tokens.json"}
)
_VOCABULARY_SUFFIXES = (".tiktoken", ".model", ".vocab", ".bpe")
CONFIG_SUFFIXES = (".json", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf")
PYTHON_SUFFIXES = (".py", ".pyi")
SHELL_SUFFIXES = (".sh", ".bash", ".zsh", ".ps1", ".bat", ".cmd")
_DATA_SUFFIXES = (".jsonl", ".ndjson", ".csv", ".tsv")


@dataclass(frozen=True, slots=True)
class Scope:
    """What is looked for in a file: how deep for secrets, whether for network use, whether for open marks."""

    secrets: Depth
    network: bool
    marks: bool


def scope_of(role: str, path: str) -> Scope:
    """The scope of a released file by its role and its name in the release."""
    name = path.rpartition("/")[2].casefold()
    if role in WEIGHT_ROLES or name.endswith(WEIGHT_SUFFIXES):
        return Scope("none", network=False, marks=False)
    if role == MEMBER_ROLE:
        return Scope("patterns", network=False, marks=False)
    vocabulary = role in VOCABULARY_ROLES or (
        role == "extra" and (name in _VOCABULARY_NAMES or name.endswith(_VOCABULARY_SUFFIXES))
    )
    configures = role in {"config", "preprocessor", "weights-index"} or role == "extra"
    loadable = name.endswith((*CONFIG_SUFFIXES, *PYTHON_SUFFIXES, *SHELL_SUFFIXES))
    text = role in {"config", "readme"} or path.startswith("docs/") or role == "extra"
    return Scope(
        "patterns" if vocabulary else "all",
        network=configures and loadable and (role != "extra" or not vocabulary),
        marks=text and not vocabulary and not name.endswith(_DATA_SUFFIXES),
    )
