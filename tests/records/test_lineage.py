from hypothesis import given
from hypothesis import strategies as st

from release_tasks.formats.canonical_json import dump_canonical, parse_canonical
from release_tasks.records.lineage import StepFiles, lineage_from_json, lineage_json

_TEXTS = st.lists(st.text(st.characters(codec="utf-8"), max_size=9), max_size=4).map(tuple)
STEPS = st.lists(
    st.builds(StepFiles, step=st.text("abc", max_size=5), reads=_TEXTS, writes=_TEXTS), max_size=4
)


@given(STEPS)
def test_what_is_written_is_read(steps: list[StepFiles]) -> None:
    data = dump_canonical(lineage_json(steps))
    assert lineage_from_json(parse_canonical(data, where="x")) == tuple(steps)


def test_rows_of_another_shape_say_nothing() -> None:
    good = {"step": "a", "reads": ["b"], "writes": ["c"]}
    bad = [1, {"step": 1, "reads": [], "writes": []}, {"step": "a", "reads": "b", "writes": []}, {}]
    assert lineage_from_json([*bad, good]) == (StepFiles(step="a", reads=("b",), writes=("c",)),)
    assert lineage_from_json(None) == ()
    assert lineage_from_json({"step": "a"}) == ()
