from pathlib import Path

import pytest

from release_tasks.errors import FormatError
from release_tasks.records.digest import sha256
from release_tasks.records.receipt import Receipt, ReceiptFile
from release_tasks.system.receipts import read_receipt, read_receipts, write_receipt


def receipt(destination: str) -> Receipt:
    return Receipt(
        destination=destination,
        uri="directory:/srv",
        name="tiny",
        version="1.0.0",
        root=sha256("a" * 64),
        exact_root=sha256("b" * 64),
        files=(ReceiptFile(path="x", size=1, sha256=sha256("c" * 64)),),
        aliases=None,
        published_at="2026-11-21T20:00:00Z",
    )


def test_receipts_are_read_by_destination_and_all(tmp_path: Path) -> None:
    attestations = tmp_path / "1.0.0.attestations"
    attestations.mkdir()
    assert read_receipts(attestations) == ()
    assert read_receipt(attestations, "store") is None
    for name in ("store", "hub"):
        write_receipt(attestations, receipt(name))
    (attestations / "receipts/store.moves.jsonl").write_text("{}\n")
    (attestations / "receipts/.store.json.0.tmp").write_text("half")
    assert read_receipts(attestations) == (receipt("hub"), receipt("store"))
    assert read_receipt(attestations, "store") == receipt("store")


def test_damaged_receipt(tmp_path: Path) -> None:
    write_receipt(tmp_path, receipt("store"))
    (tmp_path / "receipts/store.json").write_bytes(b'{"schema_version":2}\n')
    with pytest.raises(FormatError) as caught:
        read_receipts(tmp_path)
    assert str(caught.value) == (
        "not a receipt that release_tasks writes\n  found: missing, extra or mistyped keys\n  where: receipts/store.json"
    )
