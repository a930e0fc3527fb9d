"""A rebuild for people: exact in what it counts, and no name of a stranger can paint over it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from release_tasks.policy.rebuild_level import earned_level
from release_tasks.policy.rebuild_text import level_words, markdown_text, terminal_text, verdict_words
from release_tasks.records.rebuild import RebuildReport, Variations
from tests.fakes.rebuilds import CLOCK, DIAGNOSIS, FILES, ONE, REPORTS, THREE, TWO, file, report, step

EVIL = "a\x1b[2K|b`\r<c>\u202e_d_*[e](f)#"


def terminal(made: RebuildReport, *refused: str) -> str:
    return terminal_text(made, earned_level(made), refused=refused)


def markdown(made: RebuildReport) -> str:
    return markdown_text(made, earned_level(made))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, "reproduced"),
        ({"steps": (step(outcome="on record"),)}, "reproduced, by rebuilds on record"),
        ({"steps": (step(outcome="on record"), step("step:b"))}, "reproduced"),
        ({"steps": ()}, "nothing was rebuilt: no step makes a file of it"),
        ({"steps": (step(outcome="inconclusive"),)}, "not everything could be built again"),
        ({"files": (file(outcome="inconclusive"),)}, "not everything could be built again"),
        ({"steps": (step(outcome="inconclusive"), step("step:b", outcome="mismatch"))}, "NOT REPRODUCED"),
        ({"steps": (), "files": (file(outcome="mismatch"),)}, "NOT REPRODUCED"),
    ],
)
def test_the_verdict_is_in_a_few_words(changed: dict[str, Any], words: str) -> None:
    assert verdict_words(report(**changed)) == words


def test_a_level_is_said_with_its_meaning() -> None:
    assert level_words(earned_level(report())) == "1, rebuilt on this machine under variation"
    assert level_words(earned_level(report(files=(file(outcome="mismatch"),)))) == "none"


def test_the_summary_of_a_rebuild_that_came_out() -> None:
    assert terminal(report()) == (
        "tiny 1.0.0: reproduced\n"
        "  level         1, rebuilt on this machine under variation "
        "(a claim of whoever ran it: nothing here is signed)\n"
        "  shown by      1 derived files rendered again from the recorded ones, the same bytes\n"
        "                1 step gave the same bytes under 2 variations\n"
        "  to level 2    step:train: rebuilt on the machine that built it\n"
        "  weights       rebuilt\n"
        f"  commit        {'c' * 40}\n"
        f"  exact_root    {TWO}\n"
        "  step          step:train            match  1.5 s\n"
        "  files         exact: 1 match; derived: 1 match; recorded: 1 given\n"
        "  packages      numpy: built with 2.4.6, now not installed\n"
        "  varied        home, time\n"
        "                not user in step:train: not root\n"
        "  seconds       2.2\n"
    )


def test_the_summary_of_one_that_did_not() -> None:
    made = report(
        steps=(
            step(outcome="mismatch", variations=Variations(left_out=("clock",)), why="exit code 1\nlog: x"),
            step("step:eval", outcome="inconclusive", seconds=None, variations=Variations(), why="no data"),
        ),
        files=(
            file(outcome="mismatch", found=THREE, likeness="tensors", why="step:train made other bytes"),
            file("quality.json", outcome="inconclusive", found=None, why=None),
            file("a", outcome="mismatch", likeness="none"),
            *FILES[1:],
        ),
        packages=(),
        diagnosis=(DIAGNOSIS,),
    )
    assert terminal(made, "k/x.json: damaged").split("\n", 1)[1] == (
        "  level         none (a claim of whoever ran it: nothing here is signed)\n"
        "  to packaging  model.safetensors: came out otherwise, step:train made other bytes\n"
        "                a: came out otherwise, nobody knows why\n"
        "                step:train: exit code 1\n"
        "  weights       rebuilt\n"
        f"  commit        {'c' * 40}\n"
        f"  exact_root    {TWO}\n"
        "  step          step:train            mismatch  1.5 s\n"
        "                exit code 1\n"
        "                log: x\n"
        "  step          step:eval             inconclusive\n"
        "                no data\n"
        "  files         exact: 2 mismatch, 1 inconclusive; derived: 1 match; recorded: 1 given\n"
        "                mismatch model.safetensors (the same tensors): step:train made other bytes\n"
        "                inconclusive quality.json: no reason\n"
        "                mismatch a: no reason\n"
        "  varied        left out: clock\n"
        "  not believed  k/x.json: damaged\n"
        "  cause         step:train, the first that differs (4 trials): clock: only 'time' changes it\n"
        "                  use SOURCE_DATE_EPOCH\n"
        "  seconds       2.2\n"
    )


def test_a_flood_of_files_is_counted_whole_and_named_in_part() -> None:
    made = report(files=tuple(file(f"{number:03}", outcome="mismatch", why="x") for number in range(120)))
    text = terminal(made)
    assert "  files         exact: 120 mismatch\n" in text
    assert len(re.findall(r"^ +mismatch \d{3}: x$", text, re.MULTILINE)) == 20
    assert text.count("                and 100 more; --json lists all\n") == 1


@given(REPORTS)
def test_counts_are_exact(made: RebuildReport) -> None:
    line = next(line for line in terminal(made).splitlines() if line.startswith("  files "))
    assert sum(map(int, re.findall(r"(\d+) (?:match|on record|given|mismatch|inconclusive)", line))) == len(
        made.files
    )


def test_the_markdown_names_every_step_and_file() -> None:
    made = report(diagnosis=(DIAGNOSIS,))
    assert markdown(made) == (
        "# Rebuild of tiny 1.0.0\n"
        "\n"
        "**reproduced**; level 1, rebuilt on this machine under variation. "
        "This is a claim of whoever ran it: nothing here is signed.\n"
        "\n"
        "- shown by: 1 derived files rendered again from the recorded ones, the same bytes\n"
        "- shown by: 1 step gave the same bytes under 2 variations\n"
        "- missing for the next level: step:train: rebuilt on the machine that built it\n"
        "\n"
        f"- commit: `{'c' * 40}`\n"
        f"- root: `{ONE}`\n"
        f"- exact_root: `{TWO}`\n"
        "- weights: rebuilt\n"
        "- built on: Zen 5, v3-linux-x86\\_64-glibc2.36-numpy2.4.6, release\\_tasks 0.1.0\n"
        "- rebuilt on: Zen 5, v3-linux-x86\\_64-glibc2.36-numpy2.4.6, release\\_tasks 0.1.0\n"
        "- finished: 2026-11-21T17:32:33Z, after 2.2 s\n"
        "- package numpy: built with 2.4.6, now not installed\n"
        "\n"
        "| step | outcome | seconds | varied | numeric profile | why |\n"
        "|---|---|---|---|---|---|\n"
        "| step:train | match | 1.500 | home, time | checked |  |\n"
        "\n"
        "| file | class | outcome | by | alike | why |\n"
        "|---|---|---|---|---|---|\n"
        "| model.safetensors | exact | match | step:train |  |  |\n"
        "| metadata.json | derived | match | derived |  |  |\n"
        "| evidence/run.json | recorded | given | recorded |  |  |\n"
        "\n"
        "## Why it differs\n"
        "\n"
        "- step:train, the first that differs (4 trials): clock: only 'time' changes it use SOURCE\\_DATE\\_EPOCH\n"
    )


def test_a_release_with_nothing_rebuilt_says_so() -> None:
    text = markdown(report(steps=(), builder=None))
    assert "**nothing was rebuilt: no step makes a file of it**; level 0, packaging" in text
    assert "\nNothing was rebuilt.\n" in text
    assert "- built on: not said, release" in text


def test_no_name_breaks_out_of_its_line_or_cell() -> None:
    made = report(
        name=EVIL,
        steps=(step(EVIL, outcome="mismatch", why=EVIL),),
        files=(file(EVIL, outcome="mismatch", why=EVIL),),
        packages=((EVIL, EVIL, EVIL),),
        built_with=EVIL,
        diagnosis=(replace(DIAGNOSIS, step=EVIL, findings=(replace(CLOCK, because=EVIL, mend=EVIL),)),),
    )
    text = terminal(made, EVIL)
    assert text.replace("\n", "").isprintable()
    page = markdown(made)
    assert page.replace("\n", "").isprintable()
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [7] * 4
    unescaped = re.sub(r"\\[\\`*_\[\]<>|#]", "", page)
    assert "<c>" not in unescaped
    assert "](" not in unescaped


@given(REPORTS)
def test_any_report_is_text(made: RebuildReport) -> None:
    for text in (terminal(made), markdown(made)):
        assert text.endswith("\n")
        assert not text.endswith("\n\n")
        assert text.replace("\n", "").isprintable()
    steps, files = (len(made.steps) or -2, len(made.files) or -2)
    rows = [line for line in markdown(made).splitlines() if line.startswith("| ")]
    assert len(rows) == max(steps + 1, 0) + max(files + 1, 0)
