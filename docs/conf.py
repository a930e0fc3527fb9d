"""How Sphinx builds these pages: `make docs`. Needs no network."""

# ruff: noqa: INP001 - Sphinx puts this folder on sys.path
from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

import release_tasks

project = "release_tasks"
author = "the release_tasks developers"
project_copyright = author
release = version = release_tasks.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "generated_pages"]
exclude_patterns = ["extensions"]
root_doc = "index"
nitpicky = True
# What Python's and numpy's own documentation describes: nothing is fetched to link it.
nitpick_ignore_regex = [("py:.*", ".*")]
default_role = "code"
smartquotes = False  # an option has two hyphens
autodoc_member_order = "bysource"
autodoc_class_signature = "separated"  # who makes a VerifiedRelease is no user
autodoc_typehints_format = "short"
myst_heading_anchors = 3
html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["tables.css"]
html_title = f"release_tasks {version}"
html_show_copyright = False
html_copy_source = False
html_last_updated_fmt = None
pygments_style = "tango"
pygments_dark_style = "github-dark"
