from typing import Any

import pytest

from release_tasks.config.schema import Reword, Versioning
from tests.fakes.release_toml import SCHEMA, changed, parse, problems

# (what of the minimal sample is changed, to what, the whole text of all problems); True: the JSON Schema refuses it
BROKEN = [
    ("versioning", 3, "wrong type\n  wanted: a table\n  found:  integer 3\n  where:  release.toml: versioning", True),
    ("versioning/bump_minor_pre_major", 1, "wrong type\n  wanted: true or false\n  found:  integer 1\n  where:  release.toml: versioning.bump_minor_pre_major", True),
    ("versioning/ignore_config", [""], 'text refused\n  wanted: one line, not empty, no control characters\n  found:  string ""\n  where:  release.toml: versioning.ignore_config[0]', True),
    ("versioning/files", ["../README.md"], "path refused: it has a '..' component\n  wanted: a relative POSIX path inside the tree\n  found:  '../README.md'\n  where:  release.toml: versioning.files[0]", True),
    ("versioning/files", ["*.md"], "path refused: it is a pattern\n  wanted: the name of one file, no * ? [ ]\n  found:  *.md\n  where:  release.toml: versioning.files[0]", True),
    ("versioning/file", ["a"], "unknown key\n  wanted: one of bump_minor_pre_major, bump_patch_for_minor_pre_major, files, ignore_config\n  found:  file\n  where:  release.toml: versioning.file\n  hint:   did you mean files?", True),
    ("changelog/reword", [{"commit": "ABCDEF1", "message": "fix: a b"}], 'text refused\n  wanted: 7 to 40 hex digits of a commit, in lower case\n  found:  string "ABCDEF1"\n  where:  release.toml: changelog.reword[0].commit', True),
    ("changelog/reword", [{"commit": "abcdef1"}], "message is missing\n  wanted: the message that it should have had\n  where:  release.toml: changelog.reword[0].message", True),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "message", "in_schema"), BROKEN)
def test_whole_message(path: str, value: Any, message: str, *, in_schema: bool) -> None:
    document = changed(path, value)
    assert problems(document) == message
    assert SCHEMA.is_valid(document) != in_schema


def test_without_the_tables_the_defaults_hold() -> None:
    release = parse(changed("versioning", {}))
    assert release.versioning == Versioning()
    assert release.rewords == ()


def test_every_key_is_read() -> None:
    table = {
        "bump_minor_pre_major": False,
        "bump_patch_for_minor_pre_major": True,
        "ignore_config": ["training"],
        "files": ["pyproject.toml"],
    }
    document = changed("versioning", table)
    document["changelog"] = {"reword": [{"commit": "abcdef1", "message": "fix: count all"}]}
    assert SCHEMA.is_valid(document)
    release = parse(document)
    assert release.versioning == Versioning(
        bump_minor_pre_major=False,
        bump_patch_for_minor_pre_major=True,
        ignore_config=("training",),
        files=("pyproject.toml",),
    )
    assert release.rewords == (Reword(commit="abcdef1", message="fix: count all"),)
