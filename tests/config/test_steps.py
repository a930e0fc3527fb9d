import tomllib
from pathlib import Path
from typing import Any

import pytest

from release_tasks.config.parse import parse_release
from release_tasks.errors import ConfigErrors

MINIMAL = (Path(__file__).parents[1] / "cases/minimal/release.toml").read_text(encoding="utf-8")


def step(name: str = "train", **changes: Any) -> Any:
    table = {"name": name, "command": ["python", "t.py"], "writes": [f"{name}.json"], **changes}
    return {key: value for key, value in table.items() if value is not ...}


def problems(*steps: Any) -> Any:
    document = {**tomllib.loads(MINIMAL), "step": list(steps)}
    with pytest.raises(ConfigErrors) as caught:
        parse_release(document, root=Path("/p"), file=Path("/p/release.toml"), environ={})
    return "\n".join(str(problem) for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([step(), step(writes=["b"])], "two steps have one name\n  wanted: a name for each step\n  found:  train, twice\n  where:  release.toml: step[1].name"),
        ([step("a", writes=["w"]), step("b", writes=["x", "w"])], "two steps write one file\n  wanted: one step for each file\n  found:  w, by a and b\n  where:  release.toml: step[1].writes[1]"),
        ([step("a", writes=["W"]), step("b", writes=["w"])], "two paths collide on a case-insensitive file system\n  wanted: names that differ by more than case or Unicode form\n  found:  W of a and w of b\n  where:  release.toml: step[1].writes[0]"),
        ([step("a", writes=["d"]), step("b", writes=["d/w"])], "a path is both a file and a folder\n  found: d of a and d/w of b\n  where: release.toml: step[1].writes[0]"),
        ([step("a", writes=["d/e/w"]), step("b", writes=["d"])], "a path is both a file and a folder\n  found: d/e/w of a and d of b\n  where: release.toml: step[1].writes[0]"),
        ([step(writes=["Release/x"])], "path refused: a step may not write below release/\n  wanted: a path outside release/, .release/, .git/\n  found:  Release/x\n  where:  release.toml: step[0].writes[0]"),
        ([step(writes=["release.toml"])], "path refused: a step may not write what decides the release\n  wanted: a path other than release.lock, release.toml\n  found:  release.toml\n  where:  release.toml: step[0].writes[0]"),
        ([step(writes=["a*"])], "path refused: it is a pattern\n  wanted: the name of one file, no * ? [ ]\n  found:  a*\n  where:  release.toml: step[0].writes[0]"),
        ([step(writes=[])], "list is too short\n  wanted: at least 1\n  found:  a list of 0\n  where:  release.toml: step[0].writes"),
        ([step(writes=...)], "writes is missing\n  wanted: the files that this step makes\n  where:  release.toml: step[0].writes"),
        ([step(reads=["train.json"])], "step reads what it writes\n  found: train.json\n  where: release.toml: step[0].reads[0]"),
        ([step("a=b", writes=["w"])], 'text refused\n  wanted: a-z, 0-9, then also . _ -; at most 100 characters\n  found:  string "a=b"\n  where:  release.toml: step[0].name'),
        ([step("nul", writes=["w"])], "path refused: it has a component that Windows reserves\n  wanted: a relative POSIX path inside the tree\n  found:  'nul'\n  where:  release.toml: step[0].name"),
        ([step(command="python t.py")], 'wrong type\n  wanted: a list of strings\n  found:  string "python t.py"\n  where:  release.toml: step[0].command\n  hint:   write a list; no shell is used'),
        ([step(command=[])], "list is too short\n  wanted: at least 1\n  found:  a list of 0\n  where:  release.toml: step[0].command"),
        ([step(command=[""])], 'command has no program\n  wanted: a program\'s name\n  found:  ""\n  where:  release.toml: step[0].command[0]'),
        ([step(command=["x", "a\0b"])], 'text cannot be given to a process\n  wanted: no NUL and no lone surrogate\n  found:  string "a\\u0000b"\n  where:  release.toml: step[0].command[1]'),
        ([step(command=["x", "{y}"])], "command has an unknown placeholder {y}\n  wanted: one of {reads}, {writes}\n  found:  {y}\n  where:  release.toml: step[0].command[1]\n  hint:   write {{ and }} for braces themselves"),
        ([step(params={"a b": 1})], 'text refused\n  wanted: a letter or _, then also digits and -\n  found:  string "a b"\n  where:  release.toml: step[0].params."a b"'),
        ([step(params={"a": [1]})], "wrong type\n  wanted: a string, a number or a boolean\n  found:  a list of 1\n  where:  release.toml: step[0].params.a"),
        ([step(params={"a": float("nan")})], "wrong type\n  wanted: a finite number, at most 9007199254740991 when it is an integer\n  found:  float nan\n  where:  release.toml: step[0].params.a"),
        ([step(seed=True)], "wrong type\n  wanted: an integer\n  found:  boolean true\n  where:  release.toml: step[0].seed"),
        ([step(seed=-1)], "number out of range\n  wanted: 0 to 9007199254740991\n  found:  integer -1\n  where:  release.toml: step[0].seed"),
        ([step(seed=16**9999)], "number out of range\n  wanted: 0 to 9007199254740991\n  found:  an integer of more than 64 bits\n  where:  release.toml: step[0].seed"),
    ],
)  # fmt: skip
def test_whole_message(steps: Any, message: str) -> None:
    assert problems(*steps) == message


def test_command_may_repeat_a_word() -> None:
    document = {**tomllib.loads(MINIMAL), "step": [step(command=["x", "-v", "-v"])]}
    release = parse_release(document, root=Path("/p"), file=Path("/p/release.toml"), environ={})
    assert release.steps[0].command == ("x", "-v", "-v")
