"""Train the byte-level BPE tokenizer on the training split."""

from __future__ import annotations

import argparse
from pathlib import Path

from records import question, read_records
from tokenizer import Tokenizer


def main() -> None:
    """Write tokenizer.json from the records' training split; held-out text is not looked at."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--vocab-size", type=int, default=512)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    texts = [question(record.prompt) + record.solution for record in read_records(args.records, "train")]
    tokenizer = Tokenizer.train(texts, args.vocab_size)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    tokenizer.save(args.out)
    tokens = sum(len(tokenizer.encode(text)) for text in texts)
    print(f"{len(tokenizer.tokens)} tokens in the vocabulary, {tokens / len(texts):.1f} per record")


if __name__ == "__main__":
    main()
