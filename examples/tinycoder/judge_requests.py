"""The judge of [evaluation.nightly] as a command: requests on standard input, one JSON answer a line."""

from __future__ import annotations

import json
import sys

from workmanship import judge


def main() -> None:
    """Answer every request in its order; one that cannot be judged is told as an error, never left out."""
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"id": request["id"], "scores": judge(request)}
        except (KeyError, TypeError, ValueError) as error:
            answer = {"id": request["id"], "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
