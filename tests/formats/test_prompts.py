from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import FormatError
from release_tasks.formats.prompts import parse_prompts


@given(st.lists(st.text(min_size=1), min_size=1))
def test_prompts_come_back_in_order(texts: list[str]) -> None:
    data = "".join(json.dumps({"prompt": text}) + "\n" for text in texts).encode()
    assert parse_prompts(data, where="p") == tuple(texts)
    assert parse_prompts(data[:-1], where="p") == tuple(texts)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(FormatError):
        assert parse_prompts(data, where="p")


BAD = {
    "nothing": (b"", "there is no prompt", "p.jsonl"),
    "an empty line": (b'{"prompt": "a"}\n\n', "not JSON", "p.jsonl: line 2"),
    "an empty prompt": (b'{"prompt": ""}\n', "not a prompt", "p.jsonl: line 1"),
    "another key": (b'{"prompt": "a", "id": 1}\n', "not a prompt", "p.jsonl: line 1"),
    "a text alone": (b'"a"\n', "not a prompt", "p.jsonl: line 1"),
    "a number": (b'{"prompt": 1}\n', "not a prompt", "p.jsonl: line 1"),
}


@pytest.mark.parametrize(("data", "what", "where"), BAD.values(), ids=BAD)
def test_what_is_no_prompt_is_refused_with_its_line(data: bytes, what: str, where: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_prompts(data, where="p.jsonl")
    assert (caught.value.what, caught.value.where) == (what, where)
