from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from release_tasks.policy.tag_message import (
    TagFacts,
    binds,
    compose_message,
    message_fields,
    stated_roots,
    version_section,
)
from release_tasks.records.digest import sha256

ROOT, EXACT = sha256("a" * 64), sha256("b" * 64)
FACTS = TagFacts(
    name="tiny",
    version="1.0.0",
    root=ROOT,
    exact_root=EXACT,
    model_hash=f"sha256:{'c' * 64}",
    commit="d" * 40,
    verdict="PASS",
    level=1,
)


def test_the_message_binds_first_and_tells_then() -> None:
    assert compose_message(FACTS, "### Features\n\n- reads faster\n") == (
        "tiny 1.0.0\n"
        "\n"
        f"root: sha256:{'a' * 64}\n"
        f"exact_root: sha256:{'b' * 64}\n"
        f"model: sha256:{'c' * 64}\n"
        f"commit: {'d' * 40}\n"
        "verdict: PASS\n"
        "level: 1 (a claim)\n"
        "\n"
        "### Features\n"
        "\n"
        "- reads faster\n"
    )


def test_without_a_changelog_nothing_follows_the_fields() -> None:
    assert compose_message(FACTS, "\n").endswith("level: 1 (a claim)\n")


@given(st.text())
def test_no_changelog_adds_a_field_or_a_signature(changelog: str) -> None:
    message = compose_message(FACTS, changelog)
    assert message_fields(message) == message_fields(compose_message(FACTS, ""))
    assert sum(line.startswith(("root:", "exact_root:", "-----BEGIN")) for line in message.splitlines()) == 2


def test_a_hostile_changelog_line_is_indented() -> None:
    other = f"root: sha256:{'e' * 64}"
    signature = "-----BEGIN SSH SIGNATURE-----"
    assert compose_message(FACTS, f"{other}\n{signature}").endswith(f"\n  {other}\n  {signature}\n")


def test_of_a_message_that_names_a_field_twice_the_first_counts() -> None:
    assert message_fields("t\n\nroot: 1\nroot: 2\nno field\n\nexact_root: 3\n") == {"root": "1"}
    assert message_fields("root: 1") == {}


CHANGELOG = "# Changelog\n\n## 1.1.0 (2026-11-21)\n\n### Features\n\n- two\n\n## [1.0.0]\n\n- one\n"


def test_of_a_changelog_only_the_version_is_told() -> None:
    assert version_section(CHANGELOG, "1.1.0") == "### Features\n\n- two"
    assert version_section(CHANGELOG, "1.0.0") == "- one"
    assert version_section("# Changes in 1.0.0\n\n- one\n", "1.0.0") == "- one"
    assert version_section("# Changelog\n\n- one\n", "1.0.0") == "- one"


def test_a_version_is_no_part_of_another() -> None:
    text = "# C\n\n## 11.0.0\n\n- no\n\n## 1.0.0-rc.1\n\n- no\n\n## 1.0.0\n\n- yes\n"
    assert version_section(text, "1.0.0") == "- yes"


def test_a_tag_binds_one_release_and_no_other_besides() -> None:
    message = f"tiny 1.0.0\n\nroot: {ROOT}\nexact_root: {EXACT}\n\nFeatures\n"
    assert binds(message, root=ROOT, exact_root=EXACT)
    assert not binds(message, root=EXACT, exact_root=ROOT)
    assert not binds(message, root=ROOT, exact_root=ROOT)
    assert not binds(f"{message}root: {EXACT}\n", root=ROOT, exact_root=EXACT)
    assert not binds(f"root: {ROOT}\nexact_root: {EXACT}\n", root=ROOT, exact_root=EXACT)
    assert not binds("", root=None, exact_root=None)
    assert stated_roots(f"{message}root: x\r\n") == {str(ROOT), "x"}
