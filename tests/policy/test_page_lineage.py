import re
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from release_tasks.policy.page_lineage import HEIGHT, WIDTH, Lineage, lay_out_lineage
from release_tasks.records.lineage import StepFiles

TRAIN = StepFiles(step="train", reads=("data/*.json", "train.py"), writes=("model.st",))
EXPORT = StepFiles(step="export", reads=("export.py", "model.st"), writes=("model.gguf",))
_NUMBER = r"-?\d+\.\d+"


@st.composite
def graphs(draw: st.DrawFn) -> tuple[StepFiles, ...]:
    """Steps that read inputs, globs and what earlier steps wrote."""
    made: list[str] = []
    steps = []
    for number in range(draw(st.integers(1, 7))):
        reads = draw(
            st.lists(st.sampled_from(["a.py", "b.py", "d/*.json", "out*", *made]), unique=True, max_size=5)
        )
        writes = tuple(f"out{number}-{index}" for index in range(draw(st.integers(1, 3))))
        steps.append(StepFiles(step=f"s{number}", reads=tuple(sorted(set(reads) - {"out*"})), writes=writes))
        made += writes
    return tuple(steps)


def laid_out(steps: tuple[StepFiles, ...], released: dict[str, str] | None = None) -> Lineage:
    found = lay_out_lineage(steps, released or {})
    assert found is not None
    return found


def ends(edge: str) -> tuple[tuple[float, float], tuple[float, float]]:
    numbers = [float(text) for text in re.findall(_NUMBER, edge)]
    return (numbers[0], numbers[1]), (numbers[-2], numbers[-1])


def near(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return abs(one[0] - other[0]) < 0.2 and abs(one[1] - other[1]) < 0.2


def test_without_steps_there_is_no_graph() -> None:
    assert lay_out_lineage((), {"model.st": "model.st"}) is None


def test_inputs_lead_through_steps_to_files() -> None:
    found = laid_out((TRAIN, EXPORT), {"model.gguf": "tiny.gguf", "license": "LICENSE"})
    assert {(node.kind, node.label, node.note) for node in found.nodes} == {
        ("input", "data/*.json", "input"),
        ("input", "train.py", "input"),
        ("input", "export.py", "input"),
        ("step", "train", "step"),
        ("step", "export", "step"),
        ("file", "model.st", "not released"),
        ("artifact", "tiny.gguf", "released"),
        ("artifact", "LICENSE", "given"),
    }
    assert len(found.edges) == 6
    place = {node.label: node.x for node in found.nodes}
    chain = ["train.py", "train", "model.st", "export", "tiny.gguf"]
    assert [place[name] for name in chain] == sorted(place[name] for name in chain)
    assert place["export.py"] == place["model.st"]  # beside its reader, not at the far left


def test_files_that_the_same_steps_read_share_a_box_that_names_them_all() -> None:
    found = laid_out((StepFiles(step="s", reads=("lib/a.py", "lib/b.py"), writes=("w",)),))
    (box,) = (node for node in found.nodes if node.kind == "input")
    assert (box.label, box.note, box.title) == ("a.py, b.py", "2 inputs", "lib/a.py\nlib/b.py")


def test_a_glob_that_matches_what_a_step_wrote_is_an_edge() -> None:
    make = StepFiles(step="make", reads=(), writes=("build/one.bin",))
    use = StepFiles(step="use", reads=("build/*.bin",), writes=("report",))
    assert len(laid_out((make, use)).edges) == 4  # make, its file, use and report; and the glob as an input


def test_long_names_are_cut_in_the_middle_and_kept_in_the_title() -> None:
    name = "a" * 40 + ".safetensors"
    (box,) = (
        node
        for node in laid_out((StepFiles(step="s", reads=(), writes=(name,)),)).nodes
        if node.kind == "file"
    )
    assert box.label == "a" * 13 + "…afetensors"
    assert box.title == f"{name}, not released"


@given(graphs())
def test_boxes_never_overlap_and_edges_go_to_the_right(steps: tuple[StepFiles, ...]) -> None:
    found = laid_out(steps)
    for one, other in combinations(found.nodes, 2):
        apart = abs(one.x - other.x) >= WIDTH or abs(one.y - other.y) >= HEIGHT
        assert apart, (one, other)
    for node in found.nodes:
        assert 0 <= node.x <= found.width - WIDTH
        assert 0 <= node.y <= found.height - HEIGHT
    lines = [ends(edge) for edge in found.edges]
    sides = [(node.x + side, node.y + HEIGHT / 2) for node in found.nodes for side in (0, WIDTH)]
    for begin, end in lines:
        assert begin[0] < end[0]
        assert any(near(begin, place) for place in (*sides, *(other for _, other in lines)))
        assert any(near(end, place) for place in (*sides, *(other for other, _ in lines)))


def test_edges_of_one_file_to_far_steps_share_a_line() -> None:
    one = StepFiles(step="one", reads=("code.py",), writes=("x",))
    two = StepFiles(step="two", reads=("code.py", "x"), writes=("y",))
    three = StepFiles(step="three", reads=("code.py", "y"), writes=("z",))
    passing = [edge for edge in laid_out((one, two, three)).edges if "H" in edge]
    assert len(passing) == 5  # three layers are passed, and two steps left and right of the last one reached


@given(graphs())
def test_the_same_steps_have_the_same_picture(steps: tuple[StepFiles, ...]) -> None:
    assert laid_out(steps) == laid_out(steps)
