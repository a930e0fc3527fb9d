"""The rules of the recipe lint about random numbers: from which seed they come, and who computes them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from release_tasks.policy.recipe_rules import Hit
from release_tasks.policy.recipe_source import Source, argument, is_constant, is_true, method, unpacks

# Position of dtype in the methods of numpy.random.Generator whose float32 tails call the C library.
_FLOAT32 = {"standard_normal": 1, "standard_exponential": 1, "standard_gamma": 2}
_FLOAT32_STYLE = frozenset({"normal", "exponential", "gamma"})  # of other libraries: dtype by keyword
_SINGLE = frozenset({"numpy.float32", "numpy.single"})
_SINGLE_NAMES = ("float32", "single", "f4", "<f4", "=f4", "f")
_BIT_GENERATORS = frozenset({"PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64", "SeedSequence"})
_NEW_NUMPY = _BIT_GENERATORS | {"default_rng", "Generator", "BitGenerator"}
_MODULE_DRAWS = frozenset(
    {
        "random", "uniform", "triangular", "randint", "randrange", "getrandbits", "randbytes", "choice",
        "choices", "sample", "shuffle", "gauss", "normalvariate", "lognormvariate", "expovariate",
        "betavariate", "gammavariate", "paretovariate", "weibullvariate", "vonmisesvariate",
        "binomialvariate",
    }
)  # fmt: skip
_TORCH_SETTINGS = ("torch.manual_seed", "torch.use_deterministic_algorithms")
# Reading, writing and naming tensors gives the same bits without any setting.
_TORCH_PLAIN = frozenset(
    {
        "Generator", "Size", "Tensor", "__version__", "arange", "as_tensor", "backends", "bfloat16", "bool",
        "cat", "device", "double", "dtype", "equal", "float", "float16", "float32", "float64", "from_numpy",
        "frombuffer", "full", "get_default_dtype", "half", "inference_mode", "int16", "int32", "int64",
        "int8",
        "is_tensor", "load", "long", "manual_seed", "no_grad", "ones", "save", "set_default_dtype",
        "set_num_interop_threads", "set_num_threads", "stack", "tensor", "uint8",
        "use_deterministic_algorithms",
        "version", "zeros", "zeros_like", "ones_like",
    }
)  # fmt: skip


def settings(source: Source) -> frozenset[str]:
    """The settings that a source makes for the whole process, so that its other sources may rely on them."""
    found = set()
    for call, dotted in source.calls:
        given = (*call.args, *(item.value for item in call.keywords))
        if dotted in {"random.seed", "torch.manual_seed"} and given and not is_constant(given[0], None):
            found.add(dotted)
        if dotted == "torch.use_deterministic_algorithms" and given and is_true(given[0]):
            found.add(dotted)
    return frozenset(found)


def draws(source: Source) -> Iterator[Hit]:
    """Find draws that differ from run to run, or from C library to C library."""
    settled = source.settled | settings(source)
    for call, dotted in source.calls:
        if _is_float32_draw(source, call, dotted):
            yield Hit(call, "float32-draws", f"{method(call)}() in float32")
        elif dotted.startswith("numpy.random.") and dotted.split(".")[2] not in _NEW_NUMPY:
            yield Hit(call, "legacy-numpy-random", f"{dotted}()")
        elif _is_unseeded(call, dotted):
            yield Hit(call, "unseeded-generator", f"{dotted}() without a seed")
        elif "random.seed" not in settled and _is_module_draw(dotted):
            yield Hit(call, "unseeded-generator", f"{dotted}() without random.seed")
    yield from _torch(source, settled)


def _is_float32_draw(source: Source, call: ast.Call, dotted: str) -> bool:
    name = method(call)
    known = not dotted or dotted.startswith(("numpy.", "builtins."))
    if not (isinstance(call.func, ast.Attribute) and known):
        return False
    if name not in _FLOAT32 and name not in _FLOAT32_STYLE:
        return False
    dtype = argument(call, "dtype", _FLOAT32.get(name))
    return source.dotted(dtype) in _SINGLE or is_constant(source.value(dtype), *_SINGLE_NAMES)


def _is_module_draw(dotted: str) -> bool:
    return dotted.startswith("random.") and dotted.removeprefix("random.") in _MODULE_DRAWS


def _is_unseeded(call: ast.Call, dotted: str) -> bool:
    makers = {f"numpy.random.{name}" for name in (*_BIT_GENERATORS, "default_rng")} | {"random.Random"}
    if dotted not in makers and dotted != "random.seed":
        return False
    if unpacks(call):
        return False
    seeds = [item.value for item in call.keywords if item.arg in {"seed", "entropy", "a", "x"}]
    return all(is_constant(seed, None) for seed in (*call.args[:1], *seeds))


def _torch(source: Source, settled: frozenset[str]) -> Iterator[Hit]:
    """Find the first use of torch that computes or draws, in a step that does not settle how."""
    missing = [name for name in _TORCH_SETTINGS if name not in settled]
    if not missing:
        return
    for node in source.nodes:
        if not isinstance(node, ast.Attribute | ast.Name) or isinstance(source.parent(node), ast.Attribute):
            continue
        dotted = source.dotted(node)
        if dotted.startswith("torch.") and dotted.split(".")[1] not in _TORCH_PLAIN:
            yield Hit(node, "torch-settings", f"{dotted} without {' and '.join(missing)}")
            return
