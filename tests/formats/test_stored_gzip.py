import gzip
import io

from hypothesis import given
from hypothesis import strategies as st

from release_tasks.formats.stored_gzip import StoredGzip


def packed(*pieces: bytes) -> bytes:
    out = io.BytesIO()
    writer = StoredGzip(out)
    for piece in pieces:
        assert writer.write(piece) == len(piece)
    writer.finish()
    return out.getvalue()


@given(st.lists(st.binary(max_size=300), max_size=4))
def test_what_is_packed_comes_out_and_pieces_do_not_matter(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    assert gzip.decompress(packed(*pieces)) == whole
    assert packed(*pieces) == packed(whole)


def test_blocks_of_the_largest_size_and_around_it() -> None:
    for size in (0, 1, 65534, 65535, 65536, 131070, 131071, 200_000):
        data = bytes(index % 251 for index in range(size))
        assert gzip.decompress(packed(data)) == data
        assert packed(data) == packed(data[: size // 3], memoryview(data)[size // 3 :])  # type: ignore[arg-type]
        assert len(packed(data)) == 18 + size + 5 * max(1, -(-size // 65535))


def test_every_byte_of_a_small_stream() -> None:
    assert packed(b"abc").hex() == "1f8b08000000000000ff010300fcff616263c241243503000000"
