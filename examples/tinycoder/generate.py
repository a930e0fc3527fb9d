"""Write a function from a sentence: greedy decoding, code on standard output."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from model import Config, Params, generate
from records import question
from tokenizer import Tokenizer
from weights import read_model, read_tokenizer

LIMIT = 96  # tokens; the longest solution of the dataset has fewer than 70


def complete(params: Params, config: Config, tokenizer: Tokenizer, prompt: str) -> str:
    """Return the code that the model writes for a prompt."""
    return tokenizer.decode(generate(params, config, tokenizer.encode(question(prompt)), LIMIT))


def main() -> None:
    """Print the generated code for one prompt and nothing else."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--model", type=Path, required=True, help="folder, .safetensors or .gguf file")
    parser.add_argument("--config", type=Path, help="config.json, when it is not beside the weights")
    parser.add_argument("--tokenizer", type=Path, help="tokenizer.json, when it is not beside the weights")
    parser.add_argument("--prompt", required=True)
    args = parser.parse_args()
    params, config = read_model(args.model, args.config)
    beside = args.model if args.model.is_dir() else args.model.parent
    tokenizer = read_tokenizer(args.tokenizer or beside)
    sys.stdout.write(complete(params, config, tokenizer, args.prompt))


if __name__ == "__main__":
    main()
