"""The network, with the released weights: shapes, causality, and the cache."""

from __future__ import annotations

import numpy as np
import pytest
from model import Config, Params, forward, generate, logits_of, shapes

Model = tuple[Params, Config]


def tokens(config: Config, length: int) -> np.ndarray:
    return np.random.Generator(np.random.PCG64(7)).integers(1, config.vocab_size, (2, length))


@pytest.mark.structural
def test_shapes_and_finite_values(model: Model) -> None:
    params, config = model
    assert {name: value.shape for name, value in params.items()} == shapes(config)
    states, _ = forward(params, config, tokens(config, 9))
    logits = logits_of(params, states)
    assert (states.shape, logits.shape) == ((2, 9, config.width), (2, 9, config.vocab_size))
    assert logits.dtype == np.float32
    assert np.isfinite(logits).all()


@pytest.mark.structural
def test_a_later_token_changes_no_earlier_state(model: Model) -> None:
    params, config = model
    given = tokens(config, 12)
    changed = given.copy()
    changed[:, 8] = given[:, 8] % (config.vocab_size - 1) + 1
    before, after = (forward(params, config, ids)[0] for ids in (given, changed))
    np.testing.assert_allclose(before[:, :8], after[:, :8], rtol=0, atol=1e-5)
    assert abs(before[:, 8:] - after[:, 8:]).max() > 1e-3


@pytest.mark.structural
@pytest.mark.parametrize("first", [1, 5, 11])
def test_states_with_a_cache_are_those_of_one_pass(model: Model, first: int) -> None:
    params, config = model
    given = tokens(config, 12)
    cache: list[tuple[np.ndarray, np.ndarray]] = []
    parts = [forward(params, config, given[:, :first], cache)[0]]
    parts += [forward(params, config, given[:, at : at + 1], cache)[0] for at in range(first, 12)]
    whole, _ = forward(params, config, given)
    np.testing.assert_allclose(np.concatenate(parts, 1), whole, rtol=0, atol=1e-4)


@pytest.mark.structural
def test_generation_ends_at_its_limit_and_at_the_context(model: Model) -> None:
    params, config = model
    prompt = tokens(config, config.context - 3)[0].tolist()
    assert len(generate(params, config, prompt, 10)) <= 3
    assert generate(params, config, prompt, 0) == []
