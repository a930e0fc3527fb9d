"""Write the dataset: small Python functions described in a sentence, each with tests, from one seed.

A record's *core* is its operations and constants without function and variable names. Every core is used
once in the whole dataset, so a held-out record asks for a combination that no training record shows.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

NAMES = (
    *("solve", "compute", "apply", "work", "task", "answer", "result", "value", "process", "handle", "make"),
    *("build", "find", "get", "run", "step", "convert", "check", "score", "report", "helper", "calc"),
    *("measure", "select"),
)
QUOTAS = {"arithmetic": 200, "branch": 220, "compare": 180, "list": 220, "loop": 130, "string": 200}
HELDOUT_SHARE = 0.12
LETTERS = "aeirt"  # no letter is the name of a string variable
WORDS = ("ab", "ing", "no", "pre", "re", "un", "xy")
TEMPLATES = ("Write {name}({var}): {what}.", "Write a function {name}({var}) that will {what}.")


class Core(NamedTuple):
    """One task without its names: description, body lines after `def`, kind of input, constants."""

    what: str
    body: str
    kind: str
    constants: tuple[int, ...] = ()


class Op(NamedTuple):
    """One operation on a value: `what` and `code` with `{e}` for the expression it works on."""

    what: str
    code: str
    atomic: bool = False  # code that needs no brackets when another operation follows


def int_ops(k: int) -> list[Op]:
    """Return arithmetic operations with the constant `k`."""
    return [
        Op(f"add {k}", f"{{e}} + {k}"),
        Op(f"subtract {k}", f"{{e}} - {k}"),
        Op(f"multiply by {k}", f"{{e}} * {k}"),
        Op(f"divide by {k} rounding down", f"{{e}} // {k}"),
        Op(f"take the remainder of {k}", f"{{e}} % {k}"),
    ]


def conditions(k: int) -> list[Op]:
    """Return conditions on an integer with the constant `k`; the constant-free ones are always there."""
    return [
        Op("even", "{e} % 2 == 0"),
        Op("odd", "{e} % 2 == 1"),
        Op(f"greater than {k}", f"{{e}} > {k}"),
        Op(f"less than {k}", f"{{e}} < {k}"),
        Op(f"at least {k}", f"{{e}} >= {k}"),
        Op(f"at most {k}", f"{{e}} <= {k}"),
        Op(f"divisible by {k}", f"{{e}} % {k} == 0"),
        Op(f"not equal to {k}", f"{{e}} != {k}"),
    ]


def maps(k: int) -> list[Op]:
    """Return what a list or loop may do with each number."""
    return [
        Op("the squares of", "{e} * {e}"),
        Op("the doubles of", "2 * {e}"),
        Op("the negatives of", "-{e}"),
        Op("", "{e}"),
        Op(f"{k} times", f"{k} * {{e}}"),
        Op(f"{k} plus", f"{k} + {{e}}"),
    ]


def string_ops(k: int, letter: str, other: str, word: str) -> list[Op]:
    """Return string operations with the given number, letters and word."""
    return [
        Op("convert it to upper case", "{e}.upper()", atomic=True),
        Op("convert it to lower case", "{e}.lower()", atomic=True),
        Op("convert it to title case", "{e}.title()", atomic=True),
        Op("strip spaces", "{e}.strip()", atomic=True),
        Op("reverse it", "{e}[::-1]", atomic=True),
        Op(f"keep the first {k} characters", f"{{e}}[:{k}]", atomic=True),
        Op(f"drop the first {k} characters", f"{{e}}[{k}:]", atomic=True),
        Op(f"keep the last {k} characters", f"{{e}}[-{k}:]", atomic=True),
        Op(f"repeat it {k} times", f"{{e}} * {k}"),
        Op(f"append '{word}'", f"{{e}} + '{word}'"),
        Op(f"replace '{letter}' with '{other}'", f"{{e}}.replace('{letter}', '{other}')", atomic=True),
        Op(f"remove '{letter}'", f"{{e}}.replace('{letter}', '')", atomic=True),
    ]


def chain(first: Op, second: Op, var: str = "{v}") -> str:
    """Return the expression of `second` after `first`, with brackets where Python needs them."""
    inner = first.code.replace("{e}", var)
    return second.code.replace("{e}", inner if first.atomic else f"({inner})")


def on(op: Op, var: str = "{v}") -> str:
    """Return the expression of one operation on a variable."""
    return op.code.replace("{e}", var)


def arithmetic(rng: random.Random) -> Iterator[Core]:
    """Yield one operation, or two in a row, on an integer."""
    while True:
        a, b = rng.randint(2, 12), rng.randint(2, 12)
        first, second = rng.choice(int_ops(a)), rng.choice(int_ops(b))
        if rng.random() < 0.25:
            yield Core(f"{first.what}", f"    return {on(first)}", "int", (a,))
        else:
            yield Core(
                f"{first.what}, then {second.what}", f"    return {chain(first, second)}", "int", (a, b)
            )


def compare(rng: random.Random) -> Iterator[Core]:
    """Yield tests of one or two conditions, and of an operation followed by a condition."""
    while True:
        a, b = rng.randint(3, 12), rng.randint(3, 12)
        one, two, op = rng.choice(conditions(a)), rng.choice(conditions(b)), rng.choice(int_ops(b))
        style = rng.randrange(4)
        if style == 0:
            yield Core(f"tell if {{v}} is {one.what}", f"    return {on(one)}", "int", (a,))
        elif style == 1:
            yield Core(
                f"{op.what}, then tell if it is {one.what}", f"    return {chain(op, one)}", "int", (a, b)
            )
        else:
            word = "and" if style == 2 else "or"
            if one.what != two.what:
                what = f"tell if {{v}} is {one.what} {word} {two.what}"
                yield Core(what, f"    return {on(one)} {word} {on(two)}", "int", (a, b))


def branch(rng: random.Random) -> Iterator[Core]:
    """Yield two-way choices of a word or an operation, and clamps."""
    while True:
        a, b, c = rng.randint(3, 12), rng.randint(2, 12), rng.randint(2, 12)
        condition = rng.choice(conditions(a))
        style = rng.randrange(5)
        if style == 0:
            low, high = min(b, c), max(b, c) + 1
            body = f"    if {{v}} < {low}:\n        return {low}\n"
            body += f"    if {{v}} > {high}:\n        return {high}\n"
            yield Core(f"clamp {{v}} between {low} and {high}", body + "    return {v}", "int", (low, high))
        elif style in {1, 2}:
            yes, no = rng.choice(WORDS), rng.choice(WORDS)
            if yes != no:
                what = f"return '{yes}' if {{v}} is {condition.what}, else '{no}'"
                yield Core(
                    what, f"    if {on(condition)}:\n        return '{yes}'\n    return '{no}'", "int", (a,)
                )
        else:
            yes_op, no_op = rng.choice(int_ops(b)), rng.choice(int_ops(c))
            if yes_op != no_op:
                what = f"{yes_op.what} if {{v}} is {condition.what}, else {no_op.what}"
                body = f"    if {on(condition)}:\n        return {on(yes_op)}\n    return {on(no_op)}"
                yield Core(what, body, "int", (a, b, c))


def loop(rng: random.Random) -> Iterator[Core]:
    """Yield counting and summing `for` loops and halving or growing `while` loops."""
    while True:
        a, b = rng.randint(2, 12), rng.randint(2, 12)
        condition, each = rng.choice(conditions(a)), rng.choice(maps(b))
        style = rng.randrange(4)
        head = f"    for i in range(1, {{v}} + 1):\n        if {on(condition, 'i')}:\n"
        if style in {0, 1}:
            what = " ".join(
                f"loop to sum {each.what} the numbers up to {{v}} that are {condition.what}".split()
            )
            add = f"            total += {on(each, 'i')}\n"
            yield Core(what, "    total = 0\n" + head + add + "    return total", "count", (a, b))
        elif style == 2:
            what = f"loop to count the numbers up to {{v}} that are {condition.what}"
            yield Core(
                what, "    count = 0\n" + head + "            count += 1\n    return count", "count", (a,)
            )
        else:
            op, verb = rng.choice([(f"*= {b}", f"multiplied by {b}"), (f"+= {b}", f"increased by {b}")])
            limit = a * 10
            body = f"    count = 0\n    while {{v}} < {limit}:\n        {{v}} {op}\n"
            body += "        count += 1\n    return count"
            yield Core(f"count how often {{v}} is {verb} until it is {limit}", body, "positive", (b, limit))


def lists(rng: random.Random) -> Iterator[Core]:
    """Yield comprehensions: a filter, a map and a way to finish."""
    finishes = [
        ("the sum of", "sum({c})"),
        ("the list of", "[{c}]"),
        ("the sorted list of", "sorted({c})"),
        ("the largest of", "max(({c}), default=0)"),
        ("the smallest of", "min(({c}), default=0)"),
    ]
    while True:
        a, b = rng.randint(2, 12), rng.randint(2, 12)
        condition, each = rng.choice(conditions(a)), rng.choice(maps(b))
        phrase, finish = rng.choice(finishes)
        what = f"return {phrase} {each.what} the numbers in {{v}} that are {condition.what}"
        code = finish.replace("{c}", f"{on(each, 'x')} for x in {{v}} if {on(condition, 'x')}")
        if rng.random() < 0.15:
            what = f"return how many numbers in {{v}} are {condition.what}"
            code = f"sum(1 for x in {{v}} if {on(condition, 'x')})"
        yield Core(" ".join(what.split()), f"    return {code}", "list", (a, b))


def strings(rng: random.Random) -> Iterator[Core]:
    """Yield one or two string operations, and questions about the words of a text."""
    while True:
        k, (letter, other) = rng.randint(2, 6), rng.sample(LETTERS, 2)
        word = rng.choice(WORDS)
        first, second = rng.sample(string_ops(k, letter, other, word), 2)
        style = rng.randrange(8)
        if style == 0:
            yield Core(
                f"count how often '{letter}' is in {{v}}", f"    return {{v}}.count('{letter}')", "text"
            )
        elif style == 1:
            what = f"return the words of {{v}} longer than {k}, joined with '{word}'"
            yield Core(what, f"    return '{word}'.join(w for w in {{v}}.split() if len(w) > {k})", "text")
        elif style == 2:
            what = f"count the words of {{v}} that start with '{letter}'"
            code = f"sum(1 for w in {{v}}.split() if w.startswith('{letter}'))"
            yield Core(what, f"    return {code}", "text")
        elif style == 3:
            yield Core(first.what.replace(" it", " {v}", 1), f"    return {on(first)}", "text")
        else:
            yield Core(
                f"take {{v}}, {first.what}, then {second.what}", f"    return {chain(first, second)}", "text"
            )


FAMILIES: dict[str, Callable[[random.Random], Iterator[Core]]] = {
    "arithmetic": arithmetic,
    "branch": branch,
    "compare": compare,
    "list": lists,
    "loop": loop,
    "string": strings,
}
VARIABLES = {
    "int": ("n", "x", "a", "number"),
    "count": ("n", "top", "limit"),
    "positive": ("n", "x", "size"),
    "list": ("xs", "items", "values", "numbers"),
    "text": ("s", "text", "line"),
}
TEXTS = (
    "a tree is not a rat",
    " Seven oars SIT on ice ",
    "The roses are in the air",
    "",
    "tiresome stories ooze",
    "noon",
    "SIR is a rare iris;  eat it",
)


def inputs(core: Core) -> Sequence[object]:
    """Return arguments near the constants of `core`, so that a wrong constant or sign fails a test."""
    near = {k + d for k in core.constants for d in (-1, 0, 1)}
    if core.kind == "int":
        return sorted(near | {0, 30, 61} | {a * b for a, b in combinations(core.constants, 2)})
    if core.kind == "count":
        return [*range(14), 24]
    if core.kind == "positive":
        return sorted({1, 3, 8, 25, 500} | near)
    if core.kind == "list":
        numbers = sorted(near | {0, 4, 9, 17, 24})
        return [[], numbers, numbers[::-1], [-3, 5, -8, *numbers[2:5]], [7]]
    return list(TEXTS)


def outcomes(name: str, source: str, core: Core) -> list[tuple[object, object]]:
    """Run a solution and return (input, result) pairs."""
    space: dict[str, Callable[[object], object]] = {}
    exec(source, space)  # noqa: S102 - our own text, from the families above
    return [(value, space[name](value)) for value in inputs(core)]


def says_something(core: Core) -> bool:
    """Tell whether the results differ between inputs; a constant answer would test nothing."""
    source = f"def f(v):\n{core.body.replace('{v}', 'v')}\n"
    return len({repr(result) for _, result in outcomes("f", source, core)}) > 1


def make_records(seed: int) -> list[dict[str, object]]:
    """Return all records sorted by id; equal seeds give equal records."""
    records: list[dict[str, object]] = []
    bodies: set[str] = set()
    for category, quota in sorted(QUOTAS.items()):
        rng = random.Random(f"{seed}/{category}")
        cores: dict[str, Core] = {}
        for core in FAMILIES[category](rng):
            if core.what not in cores and core.body not in bodies and says_something(core):
                cores[core.what] = core
                bodies.add(core.body)
            if len(cores) == quota:
                break
        heldout = set(rng.sample(range(quota), round(quota * HELDOUT_SHARE)))
        for index, core in enumerate(cores.values()):
            name, var = rng.choice(NAMES), rng.choice(VARIABLES[core.kind])
            what = core.what.replace("{v}", var)
            solution = f"def {name}({var}):\n{core.body.replace('{v}', var)}\n"
            records.append(
                {
                    "id": f"{category}-{index:03d}",
                    "split": "heldout" if index in heldout else "train",
                    "category": category,
                    "prompt": rng.choice(TEMPLATES).format(name=name, var=var, what=what),
                    "solution": solution,
                    "tests": [f"assert {name}({x!r}) == {y!r}" for x, y in outcomes(name, solution, core)],
                }
            )
    return records


def write_records(records: list[dict[str, object]], folder: Path) -> None:
    """Write one file per record as `<id>.json`, two spaces of indent, LF, final newline."""
    folder.mkdir(parents=True, exist_ok=True)
    for record in records:
        text = json.dumps(record, indent=2, ensure_ascii=True) + "\n"
        (folder / f"{record['id']}.json").write_bytes(text.encode())


def main() -> None:
    """Regenerate the committed records."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "data" / "records")
    parser.add_argument("--seed", type=int, default=2024)
    args = parser.parse_args()
    records = make_records(args.seed)
    write_records(records, args.out)
    heldout = sum(record["split"] == "heldout" for record in records)
    print(f"{len(records)} records, {heldout} held out")


if __name__ == "__main__":
    main()
