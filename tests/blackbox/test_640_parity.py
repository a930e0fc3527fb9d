"""Formats that answer alike, or do not, as a user sees it: convert, compare, refuse, replay (B6, B15, B18-B21)."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from foreign import DOIT, HEAD, dump, freeze_and_release, run, write

from release_tasks.verbs.registration import ini_registration
from tests.fakes.tiny_logits import COMMAND, CONVERT, WEIGHTS, gguf, lying, pair, prompts, safetensors

TOKENIZER = {"version": "1.0", "model": {"type": "WordLevel", "vocab": {"a": 0}}}
TOML = f"""{HEAD}
[artifacts]
model = "model.safetensors"
tokenizer = "tokenizer.json"
config = "config.json"
gguf = ["build/model.gguf"]

[[step]]
name = "convert"
command = ["python", "convert.py", "model.safetensors", "build/model.gguf"]
reads = ["convert.py", "model.safetensors"]
writes = ["build/model.gguf"]
{pair(candidate="build/model.gguf")}"""
DODO = 'import release_tasks\n\nproject = release_tasks.Project("release.toml")\nDOIT_CONFIG = project.doit_config\n'
ROWS = ".release/records/parity/f32.rows.jsonl"
COPY = "import shutil, sys\nshutil.copyfile(sys.argv[1], sys.argv[2])\n"
SPOIL = CONVERT.replace("write(head + values)", "write(head + values[:160] + values[:159:-1])")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release of two formats; never change it, copy it."""
    folder = tmp_path_factory.mktemp("built")
    write(
        folder,
        {
            "release.toml": TOML,
            "dodo.py": DODO,
            "doit.cfg": ini_registration(),
            "model.safetensors": safetensors(),
            "tokenizer.json": dump(TOKENIZER),
            "config.json": dump({"letters": 12}),
            "convert.py": CONVERT,
            "logits.py": COMMAND,
            "prompts.jsonl": prompts(),
        },
    )
    done = freeze_and_release(folder)
    assert done.code == 0, done.text
    return folder


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "project"))


def gates(folder: Path) -> dict[str, Any]:
    """The verdict by gate."""
    verdict = json.loads((folder / ".release/records/verdict.json").read_bytes())
    return {gate["gate"]: gate for gate in verdict["gates"]}


def refused(failure: str) -> list[str]:
    """Every sentence of a refusal that is about parity."""
    return re.findall(r"PARITY_\w+ .*", failure)


def test_a_pair_that_agrees_is_released_with_its_rows(built: Path) -> None:
    """B6, B18: one step and one pair; the measurement goes with the release, and verifies."""
    assert gates(built)["parity"]["status"] == "pass"
    assert gates(built)["parity-coverage"]["status"] == "pass"
    release = built / "release/0.1.0"
    manifest = json.loads((release / "MANIFEST.json").read_bytes())
    files = {file["path"]: (file["role"], file["class"]) for file in manifest["files"]}
    assert files["evidence/parity/f32.json"] == ("evidence", "recorded")
    assert files["evidence/parity/f32.rows.jsonl"] == ("parity-rows", "recorded")
    assert (release / "evidence/parity/f32.rows.jsonl").read_bytes() == (built / ROWS).read_bytes()
    assert run(built, "verify", "release/0.1.0", "--full").code == 0


def test_nothing_is_measured_twice_and_a_new_model_file_is_measured_again(project: Path) -> None:
    """B15: parity is due when a model file changes."""
    assert "parity" not in run(project, "release").out.partition("release ")[0]
    write(project, {"convert.py": CONVERT.replace('b"w"', 'b"v"')})
    done = freeze_and_release(project)
    assert done.code == 0, done.text
    assert re.search(r"^done +parity:f32 ", done.out, re.MULTILINE), done.text


def test_a_row_is_replayed(project: Path) -> None:
    """B19: from the project's own records and from a release, 0-based, by both commands."""
    done = run(project, "replay", ROWS, "--row", "1")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "parity.f32, row 1: 'hello'\n"
        "τ-b   recorded 1.0, now 1.0, wanted >= 0.95\n"
        "ΔNLL  recorded 0.0, now 0.0, wanted <= 0.01\n"
        "the row passes its thresholds\n"
        "reproduced\n"
    )
    write(project, {"build/model.gguf": gguf(WEIGHTS[::-1])})
    released = "release/0.1.0/evidence/parity/f32.rows.jsonl"
    done = run(project, "replay", released, "--row", "0", "--json", command=DOIT)
    assert done.code == 1, done.text
    found = json.loads(done.out)
    assert (found["ok"], found["same_tokens"], found["same_figures"]) == (False, True, False)
    assert [item["path"] for item in found["other_files"]] == ["build/model.gguf"]
    assert found["found"]["fails"] is True
    for arguments in (("--row", "4"), ("--row", "-1"), ()):
        done = run(project, "replay", ROWS, *arguments)
        assert (done.code, done.out) == (3, ""), done.text
    assert run(project, "replay", "release.toml", "--row", "0").code == 3


def test_a_spoilt_format_is_refused_and_its_failure_replayed(project: Path) -> None:
    """B6, B19: the refusal names figures, limits and rows, and a row reproduces the failure."""
    write(project, {"convert.py": SPOIL})
    done = freeze_and_release(project)
    assert done.code == 1, done.text
    tau, nll = refused(done.failure)
    assert tau.startswith("PARITY_FAILED [parity.f32] τ-b: wanted >= 0.95, found ")
    assert "; below it: row" in tau
    assert nll.startswith("PARITY_FAILED [parity.f32] ΔNLL: wanted <= 0.01, found ")
    assert "replay a failing row of .release/records/parity with 'doit replay FILE --row N'" in done.failure
    failing = [row for row in map(json.loads, (project / ROWS).read_text().splitlines()) if row["fails"]]
    assert failing
    done = run(project, "replay", ROWS, "--row", str(failing[0]["row"]))
    assert (done.code, done.out.splitlines()[-2:]) == (0, ["the row fails its thresholds", "reproduced"])


def test_a_converter_that_only_copies_is_refused(project: Path) -> None:
    """B18."""
    write(project, {"convert.py": COPY})
    done = freeze_and_release(project)
    assert done.code == 1, done.text
    assert refused(done.failure) == [
        "PARITY_INVALID build/model.gguf: wanted a format of its own, found the same bytes as model.safetensors",
        "PARITY_INVALID build/model.gguf: wanted a file of the format gguf, as its suffix says, found safetensors",
        (
            "PARITY_INVALID [parity.f32]: wanted two formats of the model,"
            " found the same bytes: model.safetensors and build/model.gguf"
        ),
    ]


def test_a_format_that_nobody_compared_is_refused_by_name(project: Path) -> None:
    """B15: without a pair, and with a pair for another format only."""
    toml = (project / "release.toml").read_text()
    write(project, {"more.gguf": gguf()[:-1] + b"\x01"})
    for text in (
        toml.replace('gguf = ["', 'gguf = ["more.gguf", "'),
        toml.replace("build/model.gguf", "more.gguf").partition("[[step]]")[0],
    ):
        write(project, {"release.toml": text})
        done = freeze_and_release(project)
        assert done.code == 1, done.text
        assert refused(done.failure) == [
            (
                "PARITY_UNDECLARED more.gguf: wanted a pair [parity.<pair>] that has it as candidate,"
                " and leads back to the model, found none"
            )
        ]


def test_a_reference_that_takes_another_path_the_second_time_is_refused(project: Path) -> None:
    """B21."""
    drawn = "table = [table[(n + int.from_bytes(os.urandom(1), 'big')) % 144] for n in range(144)]\n"
    write(project, {"logits.py": COMMAND.replace("\ndef lie", f"\n{drawn}\ndef lie")})
    done = freeze_and_release(project)
    assert done.code == 1, done.text
    assert any(
        line.startswith(
            "PARITY_NOT_DETERMINISTIC [parity.f32]: wanted the same token ids from two runs of the reference,"
            " found other ids in row"
        )
        for line in refused(done.failure)
    )


@pytest.mark.parametrize(
    ("lie", "what"),
    [
        ("answer['nll'].pop(); return answer", "nll has the wrong length\n  wanted: 24\n  found:  23\n"),
        (
            "answer['id'] = 3 - request['id']; return answer",
            "id of the answer is another\n  wanted: 0\n  found:  3\n",
        ),
        (
            "answer['tokens'] = []; return answer",
            (
                "tokens has the wrong length\n  wanted: prompt_tokens, 1 or more, and 24 chosen\n"
                "  found:  0 tokens, prompt_tokens 4\n"
            ),
        ),
    ],
    ids=["short", "reordered", "empty"],
)
def test_a_command_that_breaks_the_protocol_is_named(project: Path, lie: str, what: str) -> None:
    write(project, {"logits.py": lying(lie)})
    done = run(project, "run", "parity:f32")
    assert done.code == 2, done.text
    assert (
        f"the logits command of [parity.f32], reference: {what}"
        "  where:  answer to request 0 (greedy)\n"
        "  hint:   the protocol is described in docs/reference/logits-protocol.md"
    ) in done.out, done.text
