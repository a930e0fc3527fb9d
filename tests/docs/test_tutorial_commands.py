"""Every command of the tutorials is typed, in order, and does what the page says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.page_setups import LINUX, follow, pages_below


@LINUX
@pytest.mark.parametrize("name", pages_below("docs/tutorial/"))
def test_the_page_is_true(name: str, tmp_path: Path) -> None:
    follow(name, tmp_path)
