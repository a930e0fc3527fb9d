from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from release_tasks.policy.version_text import mentions, occurrences, replace_version

TEXT = """version = "1.0.0"
tag v1.0.0, tiny-1.0.0.zip, 1.0.0; the last sentence ends in 1.0.0.
not 11.0.0, 1.0.01, 1.0.0-rc.1, 1.0.0.1, 1x0x0, rev1.0.0
"""


def test_exact_occurrences_alone_are_replaced() -> None:
    found, count = replace_version(TEXT, "1.0.0", "2.0.0")
    assert count == 5
    assert found.splitlines()[:2] == [
        'version = "2.0.0"',
        "tag v2.0.0, tiny-2.0.0.zip, 2.0.0; the last sentence ends in 2.0.0.",
    ]
    assert found.splitlines()[2] == TEXT.splitlines()[2].replace("rev1.0.0", "rev1.0.0")
    assert [number for number, _ in occurrences(TEXT, "1.0.0")] == [1, 2]


@given(st.text("v1.0-+ab\n ", max_size=40))
def test_what_was_replaced_comes_back(text: str) -> None:
    there, count = replace_version(text, "1.0.0", "7.8.9")
    back, again = replace_version(there, "7.8.9", "1.0.0")
    assert (back, again) == (text, count)


def test_names_of_files_are_told_too() -> None:
    text = "a-v1.0.0-Q8_0.gguf\n1.0.0\n11.0.0\n1.0.0.1\nv1.0.0_x\n"
    assert [number for number, _ in mentions(text, "1.0.0")] == [1, 2]
    assert replace_version(text, "1.0.0", "1.1.0") == (text.replace("\n1.0.0\n", "\n1.1.0\n"), 1)
