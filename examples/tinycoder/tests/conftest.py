"""What the suites share: the built model, read once, and the folder of the example on the import path."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

CODER = Path(__file__).resolve().parents[1]
BUILD = CODER.parents[1] / "build" / "tinycoder"
sys.path.insert(0, str(CODER))

from model import Config, Params
from tokenizer import Tokenizer
from weights import read_model, read_tokenizer


@pytest.fixture(scope="session")
def build() -> Path:
    """Return the folder of the built model."""
    return BUILD


@pytest.fixture(scope="session")
def model() -> tuple[Params, Config]:
    """Return the weights that are released, and their shape."""
    return read_model(BUILD)


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    """Return the tokenizer that is released."""
    return read_tokenizer(BUILD)
