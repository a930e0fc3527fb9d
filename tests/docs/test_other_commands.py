"""Every command of README, CONTRIBUTING and the explanations is typed, in order, and does what the page says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.page_setups import LINUX, follow, pages_below

_ELSEWHERE = ("docs/tutorial/", "docs/how-to/", "docs/reference/")


@LINUX
@pytest.mark.parametrize("name", [name for name in pages_below("") if not name.startswith(_ELSEWHERE)])
def test_the_page_is_true(name: str, tmp_path: Path) -> None:
    follow(name, tmp_path)
