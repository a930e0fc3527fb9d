"""Measure compile rate and pass@1 by running what the model writes for records of one split."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from generate import complete
from judge import compiles, passes
from records import read_records
from weights import read_model, read_tokenizer


def main() -> None:
    """Write quality.json, and what was generated.

    Decoding is greedy, so pass@1 is one answer per record without sampling noise.
    """
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--model", type=Path, required=True, help="folder, .safetensors or .gguf file")
    parser.add_argument("--config", type=Path, help="config.json, when it is not beside the weights")
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--split", choices=("heldout", "train"), default="heldout")
    parser.add_argument("--seed", type=int, required=True, help="recorded; greedy decoding draws nothing")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--samples", type=Path, help="JSON Lines of id, prompt, code and tests, for a judge")
    args = parser.parse_args()
    params, config = read_model(args.model, args.config)
    tokenizer = read_tokenizer(args.tokenizer)
    rows, samples = [], []
    records = read_records(args.records, args.split)
    for number, record in enumerate(records, 1):
        code = complete(params, config, tokenizer, record.prompt)
        compiled = compiles(code)
        samples.append({"id": record.id, "prompt": record.prompt, "code": code, "tests": record.tests})
        rows.append(
            {"id": record.id, "compiled": compiled, "passed": compiled and passes(code, record.tests)}
        )
        if number % 50 == 0 or number == len(records):
            print(f"evaluated {number}/{len(records)}", flush=True)
    quality = {
        "schema_version": 1,
        "split": args.split,
        "decoding": "greedy",
        "seed": args.seed,
        "samples": len(rows),
        "compile_rate": round(sum(row["compiled"] is True for row in rows) / len(rows), 6),
        "pass_at_1": round(sum(row["passed"] is True for row in rows) / len(rows), 6),
        "per_record": rows,
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_bytes((json.dumps(quality, sort_keys=True, separators=(",", ":")) + "\n").encode())
    if args.samples is not None:
        lines = (json.dumps(sample, sort_keys=True) + "\n" for sample in samples)
        args.samples.write_bytes("".join(lines).encode())
    print(f"compile rate {quality['compile_rate']} pass@1 {quality['pass_at_1']} of {len(rows)} records")


if __name__ == "__main__":
    main()
