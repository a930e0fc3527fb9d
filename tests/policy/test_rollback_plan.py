import pytest

from release_tasks.errors import GateRefused
from release_tasks.policy.rollback_plan import RollbackRow, Target, plan_rollback, refuse_target
from release_tasks.records.receipt import AliasMove


def test_plan_is_by_destination_and_says_what_is_there_already() -> None:
    pointers = [("store", "current", "2.0.0"), ("hub", "latest", "1.0.0"), ("new", "current", None)]
    assert plan_rollback("1.0.0", pointers) == (
        RollbackRow(destination="hub", alias="latest", move=None),
        RollbackRow(
            destination="new", alias="current", move=AliasMove(alias="current", before=None, version="1.0.0")
        ),
        RollbackRow(
            destination="store",
            alias="current",
            move=AliasMove(alias="current", before="2.0.0", version="1.0.0"),
        ),
    )


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (
            Target(version="1.0.0", yanked="wrong weights", experimental=False),
            (
                "1.0.0 is yanked\n  wanted: a version that may be handed out\n  found:  yanked: wrong weights\n"
                "  hint:   choose another version; 'doit yank 1.0.0 --undo' takes the mark away"
            ),
        ),
        (
            Target(version="1.0.0", yanked=None, experimental=True),
            "1.0.0 is an experiment\n  wanted: a published release\n  found:  type experimental",
        ),
    ],
)
def test_whole_message(target: Target, message: str) -> None:
    with pytest.raises(GateRefused) as caught:
        refuse_target(target)
    assert str(caught.value) == message


def test_good_target() -> None:
    refuse_target(Target(version="1.0.0", yanked=None, experimental=False))
