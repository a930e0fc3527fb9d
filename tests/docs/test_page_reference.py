"""docs/reference/page.md says what the code does."""

from pathlib import Path

import release_tasks
from release_tasks.engine.page_command import Page
from release_tasks.policy.page_history import MOST
from release_tasks.records.tensor_overview import BINS, RUN, WHOLE
from release_tasks.system.drawing import plot_refused
from tests.fakes.page_release import rendered

TEXT = (Path(release_tasks.__file__).parent.parent / "docs/reference/page.md").read_text("utf-8")


def test_the_limits_are_those_of_the_code() -> None:
    flat = " ".join(TEXT.split())
    assert f"at most the {MOST} newest" in flat
    assert f"A tensor of up to {WHOLE:,} values is read whole." in flat
    assert f"every k-th run of {RUN:,} values" in flat
    assert f"a histogram of {BINS} bins" in flat


def test_the_message_is_the_one_that_is_printed() -> None:
    assert f"```text\n{plot_refused()}\n```" in TEXT


def test_every_section_of_the_page_is_described_and_every_option() -> None:
    page = rendered(later=True).decode("utf-8")
    named = [line.split("|")[1].strip() for line in TEXT.splitlines() if line.startswith("| ")][1:]
    shown = [part.partition("<")[0] for part in page.split("</nav>")[0].split('<li><a href="#')[1:]]
    assert [text.partition(">")[2] for text in shown] == named
    for option in Page.cmd_options:
        assert f"--{option['long']}" in TEXT
