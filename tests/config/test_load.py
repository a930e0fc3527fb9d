import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release_tasks.config.load import _parse_toml, find_config, find_policy, load_policy, load_release
from release_tasks.config.policy import Policy
from release_tasks.errors import ConfigError

CASES = Path(__file__).parents[1] / "cases"
MINIMAL = (CASES / "minimal/release.toml").read_text(encoding="utf-8")
GATES = frozenset({"SECRETS"})


def policy(path: Path | None) -> Any:
    return load_policy(path, known_gates=GATES, known_thresholds=frozenset())


@pytest.fixture
def project(tmp_path: Path) -> Any:
    (tmp_path / ".git").mkdir()
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "release.toml").write_text(MINIMAL, encoding="utf-8")
    return tmp_path


def test_found_upwards_but_not_above_the_repository(project: Path) -> None:
    found = project / "a" / "release.toml"
    assert find_config(project / "a", None, {}) == found
    assert find_config(project / "a" / "b", None, {}) == found
    (project / "release.toml").write_text(MINIMAL, encoding="utf-8")
    inner = project / "inner"
    (inner / ".git").mkdir(parents=True)
    with pytest.raises(ConfigError) as caught:
        find_config(inner, None, {})
    assert str(caught.value) == (
        "no release.toml found\n  wanted: release.toml in this folder or above it\n"
        f"  found:  none from {inner} up to {inner}\n  hint:   name it with --config FILE, or set RELEASE_ROOT"
    )


def test_explicit_file_wins_and_the_root_may_be_elsewhere(project: Path) -> None:
    environ = {"RELEASE_ROOT": str(project / "a" / "b")}
    file = find_config(project, Path("a/release.toml"), environ)
    assert file == project / "a" / "release.toml"
    release = load_release(file, environ=environ)
    assert release.root == project / "a" / "b"
    assert release.overrides == (("RELEASE_ROOT", str(project / "a" / "b")),)
    assert load_release(file, environ={}).root == project / "a"


def test_root_override_is_searched_and_must_be_a_folder(project: Path) -> None:
    assert find_config(project, None, {"RELEASE_ROOT": str(project / "a")}) == project / "a" / "release.toml"
    missing = project / "missing"
    with pytest.raises(ConfigError) as caught:
        find_config(project, None, {"RELEASE_ROOT": str(missing)})
    assert str(caught.value) == (
        f"RELEASE_ROOT is not a folder\n  wanted: a folder that exists\n  found:  {missing}, which is not there\n"
        "  where:  environment variable RELEASE_ROOT"
    )
    file = project / "a" / "release.toml"
    with pytest.raises(ConfigError) as caught:
        load_release(file, environ={"RELEASE_ROOT": str(file)})
    assert caught.value.found == str(file)
    with pytest.raises(ConfigError) as caught:
        find_config(project, None, {"RELEASE_ROOT": str(project)})
    assert str(caught.value) == (
        f"no release.toml in RELEASE_ROOT\n  wanted: {project / 'release.toml'}\n"
        "  where:  environment variable RELEASE_ROOT"
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a = ", "TOML is malformed\n  found: Invalid value\n  where: release.toml: end of file"),
        (b"a = 1\nb = = 2", "TOML is malformed\n  found: Invalid value\n  where: release.toml:2:5"),
        (b"a = " + b"[" * 5000, "TOML is nested too deep\n  wanted: a table of tables at most\n  where:  release.toml"),
    ],
)  # fmt: skip
def test_syntax_errors_have_a_place(tmp_path: Path, data: bytes, message: str) -> None:
    file = tmp_path / "release.toml"
    file.write_bytes(data)
    with pytest.raises(ConfigError) as caught:
        load_release(file, environ={})
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("data", "what", "found"),
    [
        (b"# \xff", "release.toml is not UTF-8", "byte 0xff at offset 2"),
        (b"#" * 1_000_001, "release.toml is too large", "more"),
    ],
)
def test_bytes_that_are_no_text(tmp_path: Path, data: bytes, what: str, found: str) -> None:
    file = tmp_path / "release.toml"
    file.write_bytes(data)
    with pytest.raises(ConfigError) as caught:
        load_release(file, environ={})
    assert (caught.value.what, caught.value.found, caught.value.where) == (what, found, str(file))


def test_number_with_too_many_digits(tmp_path: Path) -> None:
    file = tmp_path / "release.toml"
    file.write_text("a = " + "9" * 5000, encoding="utf-8")
    with pytest.raises(ConfigError, match="TOML is malformed"):
        load_release(file, environ={})


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_release(tmp_path / "no.toml", environ={})
    assert str(caught.value) == (
        f"release.toml is not there\n  wanted: a file\n  where:  {tmp_path / 'no.toml'}\n"
        "  hint:   name another with --config FILE"
    )
    with pytest.raises(ConfigError) as caught:
        load_release(tmp_path, environ={})
    assert caught.value.what == "release.toml is a folder"


def test_policy_named_or_usual_or_default(project: Path) -> None:
    release = load_release(project / "a" / "release.toml", environ={})
    assert find_policy(release) is None
    assert policy(None) == Policy()
    usual = project / "a" / "release_policy.yml"
    usual.write_text("schema: 1\ngates:\n  SECRETS: off\n", encoding="utf-8")
    assert find_policy(release) == usual
    assert policy(usual).gates == (("SECRETS", "off"),)
    named = find_policy(release, Path("other.yml"))
    assert named == project / "a" / "other.yml"
    with pytest.raises(ConfigError) as caught:
        policy(named)
    assert str(caught.value) == (
        f"the policy is not there\n  wanted: a file\n  where:  {named}\n"
        "  hint:   name another with policy in [release] or --policy FILE"
    )


def test_policy_bomb_is_refused(tmp_path: Path) -> None:
    bomb = tmp_path / "p.yml"
    bomb.write_text("a: &a [x, x]\nb: &b [*a, *a]\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="anchors and aliases are refused"):
        policy(bomb)
    bomb.write_text("#" * 1_000_001, encoding="utf-8")
    with pytest.raises(ConfigError, match="the policy is too large"):
        policy(bomb)


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=60))
def test_any_text_is_toml_or_a_config_error(text: str) -> None:
    place: str | None = "release.toml"
    try:
        assert isinstance(_parse_toml(text, "release.toml"), dict)
    except ConfigError as error:
        place = error.where
    assert (place or "").startswith("release.toml")


def test_loading_imports_nothing_heavy() -> None:
    code = (
        "import sys; from pathlib import Path; from release_tasks.config.load import load_release, load_policy;"
        "load_release(Path(sys.argv[1]), environ={});"
        "load_policy(None, known_gates=frozenset(), known_thresholds=frozenset());"
        "print(sorted({'yaml', 'jsonschema', 'numpy', 'jinja2', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(CASES / "full/release.toml")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"
