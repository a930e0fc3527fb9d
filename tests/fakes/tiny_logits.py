"""A model of two letters' memory in plain Python: its files, a converter, and a logits command that may lie."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence

LETTERS = 12
PROMPTS = ("abc", "hello", "a longer text", "z")
WEIGHTS = tuple(((row * 37 + column * 101) % 97) / 8 for row in range(LETTERS) for column in range(LETTERS))

# `lie` is replaced to make the command break the protocol in one way.
COMMAND = '''"""Answer requests of the logits protocol for a bigram model in safetensors or GGUF."""
import json, math, os, struct, sys

V = 12
data = open(sys.argv[1], "rb").read()
if data[:4] == b"GGUF":
    table = struct.unpack("<144f", data[-144 * 4:])
else:
    size = int.from_bytes(data[:8], "little")
    table = struct.unpack("<144f", data[8 + size:])


def lie(answer, request):
    return answer


def logits(before):
    return [table[before * V + token] for token in range(V)]


def top(row):
    return sorted(([token, row[token]] for token in range(V)), key=lambda pair: (-pair[1], pair[0]))[:10]


def nll(row, token):
    high = max(row)
    return high + math.log(math.fsum(math.exp(value - high) for value in row)) - row[token]


def greedy(prompt, steps):
    tokens = [0, *(1 + ord(char) % 11 for char in prompt)]
    known = len(tokens)
    rows = []
    for _ in range(steps):
        rows.append(logits(tokens[-1]))
        tokens.append(top(rows[-1])[0][0])
    chosen = [nll(row, token) for row, token in zip(rows, tokens[known:])]
    return {"tokens": tokens, "prompt_tokens": known, "top": [top(row) for row in rows], "nll": chosen}


def score(tokens, start):
    rows = [logits(token) for token in tokens[:-1]]
    return {"top": [top(row) for row in rows[start - 1:]], "nll": [nll(r, t) for r, t in zip(rows, tokens[1:])]}


for line in sys.stdin:
    request = json.loads(line)
    if request["op"] == "greedy":
        answer = greedy(request["prompt"], request["steps"])
    else:
        answer = score(request["tokens"], request["from"])
    answer = {"version": 1, "id": request["id"], "op": request["op"], **answer}
    print(json.dumps(lie(answer, request)))
'''
CONVERT = '''"""Write the one tensor of a safetensors file as GGUF v3, F32."""
import struct, sys

data = open(sys.argv[1], "rb").read()
values = data[8 + int.from_bytes(data[:8], "little"):]
head = b"GGUF" + struct.pack("<IQQ", 3, 1, 0)
head += struct.pack("<Q", 1) + b"w" + struct.pack("<IQIQ", 1, len(values) // 4, 0, 0)
head += bytes(-len(head) % 32)
open(sys.argv[2], "wb").write(head + values)
'''


def lying(body: str, command: str = COMMAND) -> str:
    """The command whose function `lie(answer, request)` has another body."""
    honest = "def lie(answer, request):\n    return answer\n"
    assert honest in command
    return command.replace(honest, f"def lie(answer, request):\n    {body}\n")


def safetensors(values: Sequence[float] = WEIGHTS) -> bytes:
    """The table as a canonical safetensors file."""
    data = struct.pack(f"<{len(values)}f", *values)
    table = {"w": {"dtype": "F32", "shape": [len(values)], "data_offsets": [0, len(data)]}}
    header = json.dumps(table, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + data


def gguf(values: Sequence[float] = WEIGHTS) -> bytes:
    """The table as GGUF v3, as CONVERT writes it."""
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + struct.pack("<Q", 1) + b"w"
    head += struct.pack("<IQIQ", 1, len(values), 0, 0)
    head += bytes(-len(head) % 32)
    return head + struct.pack(f"<{len(values)}f", *values)


def prompts(texts: Sequence[str] = PROMPTS) -> bytes:
    """The texts as JSON Lines."""
    return "".join(json.dumps({"prompt": text}) + "\n" for text in texts).encode()


def pair(name: str = "f32", *, kind: str = "fp32", candidate: str = "model.gguf", more: str = "") -> str:
    """The table [parity.<name>] over these files."""
    return f"""
[parity.{name}]
kind = "{kind}"
reference = "model.safetensors"
candidate = "{candidate}"
command = ["python", "logits.py", "{{model}}"]
prompts = "prompts.jsonl"
reads = ["logits.py"]
steps = 24
{more}
"""
