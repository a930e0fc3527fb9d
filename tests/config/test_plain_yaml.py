from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from release_tasks.config.plain_yaml import parse_plain_yaml
from release_tasks.errors import ConfigError

QUICK = settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])


def parse(text: str) -> Any:
    return parse_plain_yaml(text, where="p.yml")


def test_core_schema_of_yaml_1_2() -> None:
    text = "a: off\nb: no\nc: true\nd: 1:30\ne: 1e-3\nf: -7\ng: 010\nh: '1'\ni: ~\nj:\nk: [x, {y: 1.5}]\n1: one\n"
    assert parse(text) == {
        "a": "off", "b": "no", "c": True, "d": "1:30", "e": 0.001, "f": -7, "g": "010", "h": "1", "i": None,
        "j": None, "k": ["x", {"y": 1.5}], "1": "one",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2", "YAML key is there twice\n  wanted: each key once\n  found:  a\n  where:  p.yml:2:1"),
        ("a: &x 1", "YAML anchors and aliases are refused\n  wanted: plain values\n  where:  p.yml:1:4"),
        ("a: *x", "YAML anchors and aliases are refused\n  wanted: plain values\n  where:  p.yml:1:4"),
        ("a: !!python/object:os.system x", "YAML tags are refused\n  wanted: plain values\n  found:  tag:yaml.org,2002:python/object:os.system\n  where:  p.yml:1:4"),
        ("? [a]\n: 1", "YAML key is not a scalar\n  wanted: a word as the key\n  where:  p.yml:1:3"),
        ("a: 1\n---\nb: 2", "YAML has a second document\n  wanted: one document\n  where:  p.yml:2:1"),
        ("[" * 30, "YAML is nested too deep\n  wanted: at most 20 levels\n  where:  p.yml:1:21"),
        ("a: [1", "YAML is malformed\n  found: expected ',' or ']', but got '<stream end>'\n  where: p.yml:1:6"),
        ("a: \x00", "YAML is malformed\n  found: unacceptable character #x0000: special characters are not allowed\n  where: p.yml"),
    ],
)  # fmt: skip
def test_whole_message(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    assert str(caught.value) == message


WORDS = st.from_regex(r"[a-z_]{1,6}", fullmatch=True)
PLAIN = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**15), 10**15),
        st.floats(allow_nan=False, allow_infinity=False),
        WORDS,
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=8,
)


@QUICK
@given(PLAIN)
def test_reads_what_pyyaml_writes(value: Any) -> None:
    class NoAliases(yaml.SafeDumper):
        def ignore_aliases(self, _data: Any) -> bool:
            return True

    assert parse(yaml.dump(value, Dumper=NoAliases)) == value


@QUICK
@given(st.one_of(st.text(max_size=40), st.text("ab:-[]{}&*!'\"#|>%@ \n\t?,1.e+~<", max_size=40)))
def test_any_text_is_a_value_or_a_config_error(text: str) -> None:
    place: str | None = "p.yml"
    try:
        parse(text)
    except ConfigError as error:
        place = error.where
    assert (place or "").startswith("p.yml")
