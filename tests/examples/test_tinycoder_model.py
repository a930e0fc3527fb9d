from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

CODER = Path(__file__).resolve().parents[2] / "examples" / "tinycoder"
sys.path.insert(0, str(CODER))

from model import Config, forward, generate, init, logits_of, loss_and_grads, shapes  # noqa: E402

SMALL = Config(vocab_size=40, width=16, layers=2, heads=2, hidden=24, context=32)


def test_gradients_agree_with_finite_differences() -> None:
    rng = np.random.Generator(np.random.PCG64(3))
    params = init(SMALL, 5, np.float64)
    for name in params:
        params[name] += rng.standard_normal(params[name].shape) * 0.05
    tokens = rng.integers(0, 40, (3, 9))
    target = rng.random((3, 8)) < 0.6
    _, grads = loss_and_grads(params, SMALL, tokens, target)
    assert grads.keys() == params.keys() == shapes(SMALL).keys()
    for name, value in params.items():
        assert grads[name].shape == value.shape
        flat, slope = value.reshape(-1), grads[name].reshape(-1)
        for at in [*rng.choice(flat.size, 6), int(abs(slope).argmax())]:
            kept, step = flat[at], 1e-5
            flat[at] = kept + step
            above, _ = loss_and_grads(params, SMALL, tokens, target)
            flat[at] = kept - step
            below, _ = loss_and_grads(params, SMALL, tokens, target)
            flat[at] = kept
            assert slope[at] == pytest.approx((above - below) / (2 * step), rel=1e-5, abs=1e-9), name


@pytest.mark.structural
def test_later_tokens_do_not_change_earlier_states() -> None:
    params = init(SMALL, 1, np.float64)
    tokens = np.arange(10)[None]
    changed = tokens.copy()
    changed[0, 7] = 30
    before, after = forward(params, SMALL, tokens)[0], forward(params, SMALL, changed)[0]
    np.testing.assert_array_equal(before[:, :7], after[:, :7])
    assert not np.allclose(before[:, 7:], after[:, 7:])


@pytest.mark.parametrize("first", [1, 4, 9])
def test_states_with_a_cache_equal_those_of_one_pass(first: int) -> None:
    params = init(SMALL, 2, np.float64)
    tokens = np.array([[3, 1, 4, 1, 5, 9, 2, 6, 5, 3]])
    whole, _ = forward(params, SMALL, tokens)
    cache: list[tuple[np.ndarray, np.ndarray]] = []
    parts = [forward(params, SMALL, tokens[:, :first], cache)[0]]
    parts += [forward(params, SMALL, tokens[:, at : at + 1], cache)[0] for at in range(first, 10)]
    np.testing.assert_allclose(np.concatenate(parts, 1), whole, rtol=1e-12, atol=1e-12)


def test_generation_is_greedy_and_stops_at_the_limit_and_the_context() -> None:
    params = init(SMALL, 9, np.float64)
    params["token_embd.weight"][0] = 0  # END never wins against positive logits
    prompt = [7, 8, 9]
    new = generate(params, SMALL, prompt, 100)
    assert len(new) == SMALL.context - len(prompt)
    assert generate(params, SMALL, prompt, 5) == new[:5]
    for at in range(len(new)):
        states, _ = forward(params, SMALL, np.array([prompt + new[:at]]))
        assert int(logits_of(params, states[0, -1]).argmax()) == new[at]


def test_generation_stops_at_the_end_token() -> None:
    params = init(SMALL, 9, np.float64)
    states, _ = forward(params, SMALL, np.array([[7, 8, 9]]))
    params["token_embd.weight"][0] = states[0, -1] * 100
    assert generate(params, SMALL, [7, 8, 9], 100) == []


def test_weights_do_not_depend_on_the_width_of_the_draws() -> None:
    wide, narrow = init(SMALL, 4, np.float64), init(SMALL, 4, np.float32)
    for name, value in wide.items():
        np.testing.assert_array_equal(value.astype(np.float32), narrow[name])
        assert narrow[name].dtype == np.float32


def test_config_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(SMALL.dump())
    assert Config.load(path) == SMALL


@pytest.mark.heuristic
def test_model_trainer_and_tokenizer_stay_small() -> None:
    lines = sum((CODER / name).read_text().count("\n") for name in ("model.py", "train.py", "tokenizer.py"))
    assert lines <= 525
    assert sum((CODER / name).read_text().count("\n") for name in ("model.py", "train.py")) <= 400
