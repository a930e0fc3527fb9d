from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import FormatError
from release_tasks.formats.lock_file import dump_lock, parse_lock
from release_tasks.records.digest import sha256
from release_tasks.records.lock import Digests, Inputs, Lock, Pinned, Versioned

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
DIGESTS: st.SearchStrategy[Digests] = st.dictionaries(
    NAMES, st.binary(min_size=32, max_size=32).map(lambda data: sha256(data.hex())), max_size=3
).map(lambda found: tuple(sorted(found.items())))
DIGEST = st.binary(min_size=32, max_size=32).map(lambda data: sha256(data.hex()))
VERSIONED = st.none() | st.builds(Versioned, version=st.none() | NAMES, digest=DIGEST)
SEEDS = st.dictionaries(NAMES, st.integers(0, 2**53), max_size=2).map(
    lambda found: tuple(sorted(found.items()))
)
LOCKS = st.builds(
    Lock,
    inputs=st.builds(Inputs, files=DIGESTS, trees=DIGESTS, steps=DIGESTS),
    pinned=st.builds(Pinned, config=st.none() | DIGEST, dataset=VERSIONED, tokenizer=VERSIONED, seeds=SEEDS),
    outputs=st.dictionaries(NAMES, DIGESTS, max_size=2),
)
ONE = sha256("1" * 64)
LOCK = Lock(
    inputs=Inputs(files=(("a", ONE), ("b/é", ONE))),
    pinned=Pinned(config=ONE, tokenizer=Versioned(version="1", digest=ONE), seeds=(("train", 7),)),
    outputs={"v3": (("w", ONE),)},
)


@given(LOCKS)
def test_a_lock_reads_back_as_it_was_written(lock: Lock) -> None:
    data = dump_lock(lock)
    assert parse_lock(data) == lock
    assert dump_lock(parse_lock(data)) == data


def test_the_bytes_are_made_for_git_diff() -> None:
    digest = f"sha256:{'1' * 64}"
    assert dump_lock(LOCK).decode() == (
        '{\n  "inputs": {\n    "files": {\n'
        f'      "a": "{digest}",\n      "b/é": "{digest}"\n'
        '    },\n    "steps": {},\n    "trees": {}\n  },\n'
        '  "outputs": {\n    "v3": {\n'
        f'      "w": "{digest}"\n'
        "    }\n  },\n"
        f'  "pinned": {{\n    "config": "{digest}",\n    "dataset": null,\n'
        '    "seeds": {\n      "train": 7\n    },\n'
        f'    "tokenizer": {{\n      "digest": "{digest}",\n      "version": "1"\n    }}\n  }},\n'
        '  "schema_version": 2\n}\n'
    )


@pytest.mark.parametrize(
    "edit",
    [
        lambda data: data + b"\n",
        lambda data: data[:-1],
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data.replace(b"  ", b"\t"),
        lambda data: data.replace("é".encode(), b"\\u00e9"),
        lambda data: data.replace(b'"schema_version": 2', b'"schema_version": 2.0'),
    ],
)
def test_another_spelling_of_the_same_lock_is_refused(edit: Callable[[bytes], bytes]) -> None:
    """A merge that git called clean may have gone wrong."""
    data = edit(dump_lock(LOCK))
    assert data != dump_lock(LOCK)
    with pytest.raises(FormatError) as caught:
        parse_lock(data)
    assert caught.value.what == "release.lock was edited by hand or by a merge"
    assert caught.value.where == "release.lock"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null\n",
        b"[]\n",
        b"{}\n",
        b"\xff",
        b"<<<<<<< HEAD\n",
        dump_lock(LOCK).replace(b'"steps": {},', b'"steps": {}, "steps": {},'),
    ],
)
def test_damage_is_an_error_of_the_format(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse_lock(data)


@given(st.binary(max_size=60), st.integers(0, 400))
def test_a_lock_with_any_bytes_in_it_is_that_lock_or_refused(junk: bytes, at: int) -> None:
    data = dump_lock(LOCK)
    bent = data[:at] + junk + data[at + len(junk) :]
    try:
        lock = parse_lock(bent)
    except FormatError:
        return
    assert dump_lock(lock) == bent
