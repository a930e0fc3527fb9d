import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.config.schema import Destination
from release_tasks.errors import GateRefused
from release_tasks.policy.publish_rules import Pointer, in_ci, plan_aliases, refuse_destination
from release_tasks.records.receipt import AliasMove
from release_tasks.records.version import parse_version

PLAIN = Destination(name="store", uri="directory:/srv")
PRODUCTION = Destination(name="prod", uri="directory:/srv", production=True)
CI_ONLY = Destination(name="inner", uri="directory:/srv", ci_only=True)


@pytest.mark.parametrize(
    ("destination", "release_type", "contract", "message"),
    [
        (PLAIN, "experimental", "model/1", "an experiment is never published\n  wanted: type model, patch, dataset or tooling\n  found:  type experimental\n  where:  release.toml: release.type\n  hint:   release it under a type that is meant to be used"),
        (PRODUCTION, "dataset", "dataset/1", "prod is a production destination\n  wanted: a model, or a patch of a model\n  found:  type dataset, contract dataset/1\n  where:  release.toml: publish.prod\n  hint:   publish it to a destination without production = true"),
        (PRODUCTION, "tooling", "tooling/1", "prod is a production destination\n  wanted: a model, or a patch of a model\n  found:  type tooling, contract tooling/1\n  where:  release.toml: publish.prod\n  hint:   publish it to a destination without production = true"),
        (PRODUCTION, "patch", "dataset/1", "prod is a production destination\n  wanted: a model, or a patch of a model\n  found:  type patch, contract dataset/1\n  where:  release.toml: publish.prod\n  hint:   publish it to a destination without production = true"),
        (CI_ONLY, "model", "model/1", "only CI may publish to inner\n  wanted: the environment variable CI, which every CI system sets\n  found:  CI is not set\n  where:  release.toml: publish.inner.ci_only\n  hint:   let the release job publish it"),
    ],
)  # fmt: skip
def test_whole_message(destination: Destination, release_type: str, contract: str, message: str) -> None:
    with pytest.raises(GateRefused) as caught:
        refuse_destination(destination, release_type=release_type, contract=contract, environ={})
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("destination", "release_type", "contract"),
    [
        (PLAIN, "dataset", "dataset/1"),
        (PLAIN, "tooling", "tooling/1"),
        (PRODUCTION, "model", "model/2"),
        (PRODUCTION, "patch", "model/1"),
    ],
)
def test_what_may_go_there(destination: Destination, release_type: str, contract: str) -> None:
    refuse_destination(destination, release_type=release_type, contract=contract, environ={})


@pytest.mark.parametrize(
    ("value", "ci"), [("true", True), ("1", True), ("", False), ("0", False), ("False", False)]
)
def test_ci_is_what_the_variable_says(value: str, *, ci: bool) -> None:
    assert in_ci({"CI": value}) is ci
    if ci:
        refuse_destination(CI_ONLY, release_type="model", contract="model/1", environ={"CI": value})


def pointer(alias: str, version: str | None, *moves: tuple[str | None, str]) -> Pointer:
    made = tuple(AliasMove(alias=alias, before=before, version=to) for before, to in moves)
    return Pointer(alias=alias, version=version, moves=made)


def planned(version: str, *pointers: Pointer) -> list[tuple[str, str | None]]:
    return [(move.alias, move.before) for move in plan_aliases(pointers, parse_version(version))]


def test_first_publication_sets_all() -> None:
    assert planned("1.0.0", pointer("latest", None), pointer("current", None)) == [
        ("current", None),
        ("latest", None),
    ]


def test_latest_only_moves_forward_by_precedence() -> None:
    assert planned("9.0.0", pointer("latest", "10.0.0")) == []
    assert planned("10.0.0", pointer("latest", "9.0.0")) == [("latest", "9.0.0")]
    assert planned("1.0.1", pointer("latest", "2.0.0"), pointer("current", "2.0.0")) == [("current", "2.0.0")]
    assert planned("1.0.0", pointer("latest", "of another hand")) == []


def test_pre_release_moves_nothing() -> None:
    assert planned("2.0.0-rc.1", pointer("latest", "1.0.0"), pointer("current", None)) == []


def test_interrupted_run_is_continued_and_a_rollback_is_not_undone() -> None:
    done = pointer("current", "2.0.0", (None, "1.0.0"), ("1.0.0", "2.0.0"))
    assert planned("2.0.0", done) == [("current", "1.0.0")]
    unwritten = pointer("current", "2.0.0", (None, "1.0.0"))
    assert planned("2.0.0", unwritten) == [("current", "1.0.0")]
    assert planned("2.0.0", pointer("current", "2.0.0")) == [("current", None)]
    rolled_back = pointer("current", "1.0.0", (None, "1.0.0"), ("1.0.0", "2.0.0"), ("2.0.0", "1.0.0"))
    assert planned("2.0.0", rolled_back) == []


@given(st.lists(st.tuples(*[st.integers(0, 3)] * 3), min_size=1, max_size=6))
def test_latest_is_the_greatest_of_all_published(numbers: list[tuple[int, int, int]]) -> None:
    latest, moves = None, ()
    for number in numbers:
        version = parse_version(".".join(map(str, number)))
        for move in plan_aliases([Pointer(alias="latest", version=latest, moves=moves)], version):
            latest, moves = move.version, (*moves, move)
    assert latest == ".".join(map(str, max(numbers)))
