"""Run every benchmark, one after the other, and print one table of all ratios at the end.

`python bench/run_all.py [--small] [--wait SECONDS] [--only NAME ...]`; exits 0 whatever the ratios are.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from measure import RESULTS

HERE = Path(__file__).resolve().parent
NAMES = (
    "noop",
    "noop_100k",
    "reproduce",
    "graph_1000",
    "gate",
    "documents",
    "page",
    "dataset_schema",
    "canonical_safetensors",
    "parity",
    "package_4gb",
    "verify_4gb",
)


def _rows(name: str, result: dict[str, Any]) -> list[str]:
    load = result["environment"]["load_before"][:1]
    lines = [f"{name}  (load {load[0] if load else '?'})"]
    for title, ratio in sorted(result["ratios"].items()):
        sign = ">=" if ratio["sense"] == "at least" else "<="
        limit = "" if ratio["limit"] is None else f"{sign} {ratio['limit']:g}"
        holds = {None: "", True: "yes", False: "NO"}[ratio["holds"]]
        lines.append(f"  {title:<66}{ratio['value']:8.2f}{ratio['fastest']:9.2f}{limit:>9}  {holds}")
    return lines


def main() -> int:
    """Each benchmark in a process of its own: none inherits the memory of the one before."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="seconds instead of minutes; writes no result")
    parser.add_argument("--wait", default="0", help="seconds to wait for a quiet machine before each")
    parser.add_argument("--folder", default=None, help="where large files go")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    asked = parser.parse_args()
    found: list[str] = []
    broken: list[str] = []
    with tempfile.TemporaryDirectory() as kept:
        for name in asked.only:
            out = Path(kept) / f"{name}.json" if asked.small else RESULTS / f"{name}.json"
            argv = [sys.executable, str(HERE / f"{name}.py"), "--wait", asked.wait, "--out", str(out)]
            argv += ["--small"] if asked.small else []
            argv += ["--folder", asked.folder] if asked.folder else []
            if subprocess.run(argv, check=False).returncode == 0:
                found += _rows(name, json.loads(out.read_text("utf-8")))
            else:
                broken.append(name)
    print(f"\nall ratios\n  {'ratio':<66}{'medians':>8}{'fastest':>9}{'limit':>9}  holds")
    print("\n".join(found))
    if broken:
        print(f"did not run: {', '.join(broken)}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
