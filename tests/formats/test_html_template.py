import base64
import hashlib
import re

import jinja2
import pytest

from release_tasks.formats.html_template import render_html
from tests.fakes.page_release import rendered


def test_an_undefined_name_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        render_html("page.html", style="page.css")


def test_the_policy_names_the_style_sheet_by_its_hash() -> None:
    """The whole page is tested beside `stages.page_action`; here only that the hash fits."""
    text = rendered().decode("utf-8")
    (sheet,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(sheet.encode("utf-8")).digest()).decode("ascii")
    assert f"style-src 'sha256-{digest}'" in text
