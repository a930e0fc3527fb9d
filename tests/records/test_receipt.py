import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import FormatError
from release_tasks.formats.canonical_json import dump_canonical, parse_canonical
from release_tasks.records.digest import Digest, sha256
from release_tasks.records.receipt import AliasMove, Receipt, ReceiptFile, receipt_from_json, receipt_name
from release_tasks.stages.own_schema import check_own
from tests.fakes.json_bends import mutate

DIGESTS = st.integers(0, 2**256 - 1).map(lambda number: sha256(f"{number:064x}"))
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
MOVES = st.builds(AliasMove, alias=TEXTS, before=st.none() | TEXTS, version=TEXTS)
RECEIPTS = st.builds(
    Receipt,
    destination=TEXTS,
    uri=TEXTS,
    name=TEXTS,
    version=TEXTS,
    root=DIGESTS,
    exact_root=DIGESTS,
    files=st.lists(
        st.builds(ReceiptFile, path=TEXTS, size=st.integers(0, 2**60), sha256=DIGESTS), min_size=1, max_size=3
    ).map(tuple),
    aliases=st.none() | st.lists(MOVES, max_size=3).map(tuple),
    published_at=st.just("2026-11-21T20:00:00Z"),
)
SAMPLE = Receipt(
    destination="store",
    uri="directory:/srv/models",
    name="tiny",
    version="1.0.0",
    root=sha256("a" * 64),
    exact_root=sha256("b" * 64),
    files=(ReceiptFile(path="1.0.0/config.yaml", size=3, sha256=Digest("sha256", "c" * 64)),),
    aliases=(AliasMove(alias="latest", before=None, version="1.0.0"),),
    published_at="2026-11-21T20:00:00Z",
)


@given(RECEIPTS)
def test_what_is_written_is_read(receipt: Receipt) -> None:
    value = receipt.to_json()
    check_own("receipt", value)
    assert receipt_from_json(parse_canonical(dump_canonical(value)), where="x") == receipt


def test_receipt_without_aliases_is_not_one_whose_aliases_are_to_come() -> None:
    assert receipt_from_json(replace(SAMPLE, aliases=()).to_json(), where="x").aliases == ()
    assert receipt_from_json(replace(SAMPLE, aliases=None).to_json(), where="x").aliases is None


def test_where_it_is() -> None:
    assert receipt_name("store") == "receipts/store.json"


@st.composite
def bent(draw: st.DrawFn) -> Any:
    value = SAMPLE.to_json()
    by = st.none() | st.booleans() | st.integers(-1, 9) | st.text(max_size=3) | st.just({}) | st.just([])
    mutate(draw, value, by, least=1)
    return value


@given(bent())
def test_another_shape_is_refused_or_valid(value: Any) -> None:
    try:
        receipt = receipt_from_json(value, where="store.json")
    except FormatError:
        return
    assert receipt.to_json() == json.loads(json.dumps(value))


@pytest.mark.parametrize("key", sorted(SAMPLE.to_json()))
def test_every_key_is_required(key: str) -> None:
    value = SAMPLE.to_json()
    del value[key]
    with pytest.raises(FormatError) as caught:
        receipt_from_json(value, where="store.json")
    assert str(caught.value) == (
        "not a receipt that release_tasks writes\n  found: missing, extra or mistyped keys\n  where: store.json"
    )
