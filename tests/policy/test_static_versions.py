from __future__ import annotations

import pytest

from release_tasks.policy.static_versions import leaves_it_to_the_tag, same_version, version_mismatches


@pytest.mark.parametrize(
    ("stated", "wanted", "same"),
    [
        ("1.0.0", "1.0.0", True),
        ("1.0", "1.0.0", True),
        ("1.0.0rc1", "1.0.0-rc.1", True),
        ("1.0.1", "1.0.0", False),
        ("1.0.0-alpha.beta", "1.0.0-alpha.beta", True),
        ("1.0.0-alpha.beta", "1.0.0-alpha.gamma", False),
        ("2026.01.31_build1", "2026.01.31_build1", True),
        ("v1.0.0", "1.0.0", True),
        ("", "1.0.0", False),
    ],
)
def test_spellings_of_one_version(stated: str, wanted: str, same: bool) -> None:  # noqa: FBT001
    assert same_version(stated, wanted) is same


def test_placeholders_leave_it_to_the_tag() -> None:
    """C4, C5: what stands in git while the tag gives the version."""
    assert [leaves_it_to_the_tag(text) for text in (None, "0.0.0-dev", "0.0.0.dev0", "0.0.0")] == [
        True,
        True,
        True,
        False,
    ]


def test_each_other_version_is_a_problem() -> None:
    """C6."""
    stated = {"pyproject.toml": "0.9.0", "package.json": "0.0.0-dev", "a.py": "1.0.0", "b.py": None}
    (problem,) = version_mismatches(stated, "1.0.0", whose="release 1.0.0")
    assert str(problem) == (
        "pyproject.toml states another version than release 1.0.0\n"
        "  wanted: 1.0.0\n"
        "  found:  0.9.0\n"
        "  where:  pyproject.toml\n"
        "  hint:   change it there, or leave the version to the tag (dynamic, 0.0.0-dev)"
    )
