"""Load a packaged release and print a function that it writes; the caller compiles it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from generate import complete
from weights import read_model, read_tokenizer

PROMPT = "Write solve(xs): return the sum of the squares of the numbers in xs that are even."


def main() -> None:
    """Print the generated code and nothing else; exit 1 with a sentence when the release cannot be used."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path, help="has model.safetensors, config.json and tokenizer.json")
    parser.add_argument("--prompt", default=PROMPT)
    args = parser.parse_args()
    missing = [
        name
        for name in ("model.safetensors", "config.json", "tokenizer.json")
        if not (args.folder / name).is_file()
    ]
    if missing:
        raise SystemExit(f"smoke: {args.folder} has no {', '.join(missing)}")
    params, config = read_model(args.folder)
    code = complete(params, config, read_tokenizer(args.folder), args.prompt)
    if not code.strip():
        raise SystemExit("smoke: the model wrote nothing")
    sys.stdout.write(code)


if __name__ == "__main__":
    main()
