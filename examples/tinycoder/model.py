"""A Llama-style decoder in plain numpy: RMSNorm, rotary attention, SwiGLU, tied output; forward and backward.

Tensors bear GGUF's names and shapes (out, in), and rotary pairs are neighbours (2i, 2i+1) as in the original
Llama, so that an export is a copy. B sequences, T positions, D width, H heads, V vocabulary.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
_ATTENTION = ("attn_norm", "attn_q", "attn_k", "attn_v", "attn_output")
_LAYER = (*_ATTENTION, "ffn_norm", "ffn_gate", "ffn_up", "ffn_down")
Params = dict[str, Array]


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """Shape of the network; this is `config.json`."""

    vocab_size: int
    width: int = 96
    layers: int = 2
    heads: int = 4
    hidden: int = 256
    context: int = 128
    rope_base: float = 10000.0
    norm_eps: float = 1e-5

    @classmethod
    def load(cls, path: Path) -> Config:
        """Read config.json; TypeError for a key that is unknown or missing."""
        return cls(**{key: v for key, v in json.loads(path.read_bytes()).items() if key != "architecture"})

    def dump(self) -> bytes:
        """Return config.json."""
        return (
            json.dumps({"architecture": "llama", **asdict(self)}, indent=2, sort_keys=True) + "\n"
        ).encode()


def shapes(config: Config) -> dict[str, tuple[int, ...]]:
    """Return the shape of every tensor, in the order in which they are drawn."""
    d, hidden = config.width, config.hidden
    layer = dict.fromkeys(("attn_q", "attn_k", "attn_v", "attn_output"), (d, d)) | {
        "ffn_gate": (hidden, d), "ffn_up": (hidden, d), "ffn_down": (d, hidden)
    }  # fmt: skip
    found: dict[str, tuple[int, ...]] = {"token_embd.weight": (config.vocab_size, d)}
    for i in range(config.layers):
        found |= {f"blk.{i}.attn_norm.weight": (d,), f"blk.{i}.ffn_norm.weight": (d,)}
        found |= {f"blk.{i}.{name}.weight": shape for name, shape in layer.items()}
    return found | {"output_norm.weight": (d,)}


def init(config: Config, seed: int, dtype: Any = np.float32) -> Params:
    """Draw weights; in float64, because float32 draws depend on the C library."""
    rng = np.random.Generator(np.random.PCG64(seed))
    params: Params = {}
    for name, shape in shapes(config).items():
        if len(shape) == 1:
            params[name] = np.ones(shape, dtype)
        else:
            residual = (2 * config.layers) ** -0.5 if name.endswith(("output.weight", "down.weight")) else 1.0
            scale = residual * shape[1] ** -0.5
            params[name] = (rng.standard_normal(shape) * scale).astype(dtype)
    return params


def _norm(x: Array, weight: Array, eps: float) -> tuple[Array, tuple[Array, Array]]:
    rate = 1 / np.sqrt((x * x).mean(-1, keepdims=True) + x.dtype.type(eps))
    unit = x * rate
    return unit * weight, (unit, rate)


def _norm_back(grad: Array, weight: Array, saved: tuple[Array, Array]) -> tuple[Array, Array]:
    unit, rate = saved
    inner = grad * weight
    wide = (grad * unit).reshape(-1, weight.size).sum(0)
    return rate * (inner - unit * (inner * unit).mean(-1, keepdims=True)), wide


def _rotate(x: Array, cos: Array, sin: Array) -> Array:
    """Turn neighbouring pairs of (B, T, H, head) by (T, 1, head / 2) angles (Su et al. 2021)."""
    out = np.empty_like(x)
    even, odd = x[..., 0::2], x[..., 1::2]
    out[..., 0::2] = even * cos - odd * sin
    out[..., 1::2] = even * sin + odd * cos
    return out


def _angles(config: Config, start: int, stop: int, dtype: Any) -> tuple[Array, Array]:
    head = config.width // config.heads
    rates = config.rope_base ** (-np.arange(0, head, 2) / head)
    angle = np.arange(start, stop)[:, None, None] * rates
    return np.cos(angle).astype(dtype), np.sin(angle).astype(dtype)


def forward(
    params: Params, config: Config, tokens: Array, cache: list[tuple[Array, Array]] | None = None
) -> tuple[Array, list[tuple[Any, ...]]]:
    """Return normed states (B, T, D) of ids (B, T), and what `backward` needs.

    `cache` holds keys and values (B, T, H, head) of earlier positions per layer, and is extended in place.
    """
    past = cache[0][0].shape[1] if cache else 0
    x = params["token_embd.weight"][tokens]
    batch, length, d = x.shape
    cos, sin = _angles(config, past, past + length, x.dtype)
    future = np.triu(np.full((length, past + length), -np.inf, x.dtype), past + 1)
    scale = x.dtype.type((d // config.heads) ** -0.5)
    tape: list[tuple[Any, ...]] = []
    for i in range(config.layers):
        w = {key: params[f"blk.{i}.{key}.weight"] for key in _LAYER}
        a, a_saved = _norm(x, w["attn_norm"], config.norm_eps)
        q, k, v = (
            (a @ w[f"attn_{name}"].T).reshape(batch, length, config.heads, -1) for name in ("q", "k", "v")
        )
        q, k = _rotate(q, cos, sin), _rotate(k, cos, sin)
        if cache is not None:
            if past:
                k, v = np.concatenate((cache[i][0], k), 1), np.concatenate((cache[i][1], v), 1)
            cache[i : i + 1] = [(k, v)]
        q, k, v = (part.transpose(0, 2, 1, 3) for part in (q, k, v))
        scores = q @ k.transpose(0, 1, 3, 2) * scale + future
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        mixed = (scores @ v).transpose(0, 2, 1, 3).reshape(batch, length, d)
        y = x + mixed @ w["attn_output"].T
        f, f_saved = _norm(y, w["ffn_norm"], config.norm_eps)
        gate, up = f @ w["ffn_gate"].T, f @ w["ffn_up"].T
        sigmoid = 1 / (1 + np.exp(-gate))
        hidden = gate * sigmoid * up
        tape.append((w, a, a_saved, q, k, v, scores, mixed, f, f_saved, gate, up, sigmoid, hidden))
        x = y + hidden @ w["ffn_down"].T
    out, saved = _norm(x, params["output_norm.weight"], config.norm_eps)
    tape.append((saved, cos, sin, scale))
    return out, tape


def loss_and_grads(params: Params, config: Config, tokens: Array, target: Array) -> tuple[float, Params]:
    """Return mean cross entropy (nats) of ids (B, T) where `target` (B, T-1) is true, and its gradients."""
    states, tape = forward(params, config, tokens[:, :-1])
    embedding = params["token_embd.weight"]
    wanted = tokens[:, 1:][target]
    rows = np.arange(wanted.size)
    picked = states[target]
    logits = picked @ embedding.T
    logits -= logits.max(-1, keepdims=True)
    odds = np.exp(logits)
    total = odds.sum(-1, keepdims=True)
    loss = float((np.log(total[:, 0]) - logits[rows, wanted]).mean())
    odds /= total
    odds[rows, wanted] -= 1
    odds /= wanted.size
    grad = np.zeros_like(states)
    grad[target] = odds @ embedding
    grads = backward(params, config, tokens[:, :-1], tape, grad)
    grads["token_embd.weight"] += odds.T @ picked
    return loss, grads


def backward(
    params: Params, config: Config, tokens: Array, tape: list[tuple[Any, ...]], grad: Array
) -> Params:
    """Return the gradient of every tensor from the gradient (B, T, D) of what `forward` returned."""
    batch, length, d = grad.shape
    saved, cos, sin, scale = tape[-1]
    grads: Params = {}
    x, grads["output_norm.weight"] = _norm_back(grad, params["output_norm.weight"], saved)

    def linear(name: str, out: Array, inp: Array) -> Array:
        """Store the gradient of `inp @ w.T` in grads and return that of `inp`."""
        flat = out.reshape(-1, out.shape[-1])
        grads[f"blk.{i}.{name}.weight"] = flat.T @ inp.reshape(-1, inp.shape[-1])
        return np.asarray(out @ w[name])

    for i in reversed(range(config.layers)):
        w, a, a_saved, q, k, v, scores, mixed, f, f_saved, gate, up, sigmoid, hidden = tape[i]
        back = linear("ffn_down", x, hidden)
        silu = gate * sigmoid
        of_gate = back * up * (sigmoid + silu * (1 - sigmoid))
        back = linear("ffn_up", back * silu, f) + linear("ffn_gate", of_gate, f)
        back, grads[f"blk.{i}.ffn_norm.weight"] = _norm_back(back, w["ffn_norm"], f_saved)
        x = x + back
        back = linear("attn_output", x, mixed)
        back = back.reshape(batch, length, config.heads, -1).transpose(0, 2, 1, 3)
        of_v = scores.transpose(0, 1, 3, 2) @ back
        back = back @ v.transpose(0, 1, 3, 2)
        back = scores * (back - (back * scores).sum(-1, keepdims=True)) * scale
        of_q = (back @ k).transpose(0, 2, 1, 3)
        of_k = (back.transpose(0, 1, 3, 2) @ q).transpose(0, 2, 1, 3)
        of_q, of_k = _rotate(of_q, cos, -sin), _rotate(of_k, cos, -sin)
        parts = {"attn_q": of_q, "attn_k": of_k, "attn_v": of_v.transpose(0, 2, 1, 3)}
        back = np.zeros_like(x)
        for name, part in parts.items():
            back += linear(name, part.reshape(batch, length, d), a)
        back, grads[f"blk.{i}.attn_norm.weight"] = _norm_back(back, w["attn_norm"], a_saved)
        x = x + back
    embedding = np.zeros_like(params["token_embd.weight"])
    np.add.at(embedding, tokens, x)
    return grads | {"token_embd.weight": embedding}


def logits_of(params: Params, states: Array) -> Array:
    """Return logits (..., V) of states (..., D)."""
    return np.asarray(states @ params["token_embd.weight"].T)


def generate(params: Params, config: Config, prompt: list[int], limit: int) -> list[int]:
    """Continue greedily with a key-value cache until END (id 0), `limit` tokens or the end of the context."""
    cache: list[tuple[Array, Array]] = []
    new: list[int] = []
    tokens = prompt
    while len(new) < limit and len(prompt) + len(new) < config.context:
        states, _ = forward(params, config, np.array([tokens]), cache)
        best = int(logits_of(params, states[0, -1]).argmax())
        if best == 0:
            break
        new.append(best)
        tokens = [best]
    return new
