"""The rules of the recipe lint: each with why it is one, and what to write instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from release_tasks.records.gate_code import GateCode

if TYPE_CHECKING:
    import ast

    from release_tasks.policy.recipe_source import Source


@dataclass(frozen=True, slots=True)
class Rule:
    """A known source of other bytes: `why` completes "this is one because", `fix` is an order."""

    name: str
    why: str
    fix: str
    code: GateCode = GateCode.RECIPE_NONDETERMINISTIC


@dataclass(frozen=True, slots=True)
class Hit:
    """A node that breaks a rule, and in words what it is."""

    node: ast.AST
    rule: str
    found: str


Family = Callable[["Source"], Iterator[Hit]]

_NOT_READ, _MARKER = GateCode.RECIPE_NOT_READ, GateCode.RECIPE_MARKER_UNUSED
_ROWS = (
    Rule("float32-draws", "the C library computes the tails of float32 draws, so its version changes bits",
         "draw in float64, then .astype(np.float32)"),
    Rule("legacy-numpy-random", "it is shared with every library, and the C library computes its normals",
         "pass np.random.Generator(np.random.PCG64(seed)) to whoever draws"),
    Rule("unseeded-generator", "without a seed the operating system's entropy decides",
         "give the generator a seed: default_rng(seed), random.Random(seed)"),
    Rule("torch-settings", "torch draws from an unseeded generator and may choose kernels whose sums vary",
         "call torch.manual_seed(seed) and torch.use_deterministic_algorithms(True) in the step"),
    Rule("unstable-sort", "equal keys come out in an order that the CPU's instructions decide",
         'use argsort(..., kind="stable")'),
    Rule("set-order", "the order of a set changes with PYTHONHASHSEED", "take sorted(...) of the set"),
    Rule("listing-order", "the file system decides the order of a listing",
         "wrap the listing in sorted(...)"),
    Rule("completion-order", "whichever worker is faster comes first",
         "take results in the order in which they were asked for: executor.map, imap"),
    Rule("salted-hash", "hash() of text changes with PYTHONHASHSEED, and id() is an address in memory",
         "use a digest of hashlib, or a key of the content"),
    Rule("clock", "the time of the run ends up in the result",
         "take the time from a parameter or SOURCE_DATE_EPOCH; durations from time.perf_counter"),
    Rule("entropy", "it is made to differ each time",
         "derive it from the content or from the seed of the step"),
    Rule("host-identity", "it names the machine, the user or the process",
         "leave it out of what is written, or take it from a parameter"),
    Rule("temporary-name", "the name of a temporary file differs each time", "write a fixed name instead"),
    Rule("allow-pickle", "a pickle runs code, and its bytes change with hash seeds and versions",
         "store plain arrays, and load them with allow_pickle=False"),
    Rule("pickled-set", "a set is pickled in the order of its hashes", "pickle sorted(...) of the set"),
    Rule("gzip-time", "the header of the file holds the time of the run", "give mtime=0"),
    Rule("compressed-archive", "compressed bytes differ between builds of zlib, bzip2 and lzma",
         "store the members uncompressed: ZIP_STORED, tarfile mode w"),
    Rule("archive-metadata", "times, modes and owners of files end up in the archive",
         "write each member with a ZipInfo or TarInfo of your own, with fixed time and mode"),
    Rule("uninitialised-memory", "the array holds whatever was in memory before",
         "use np.zeros, or fill the whole array in the same block: out[...] = value"),
    Rule("safetensors-metadata", "the library writes several metadata keys in random order",
         "give one metadata key, as one JSON text if there is more to say"),
    Rule("safetensors-layout", "safetensors 0.8.0 writes memory as it lies, whatever the strides",
         "wrap every tensor in np.ascontiguousarray"),
    Rule("einsum-optimize", "sizes and numpy's version choose the order of the sums, and so the rounding",
         "give optimize=False, or the path itself as a list"),
    Rule("late-thread-settings", "the library read its settings when it was imported",
         "set the variable before the process starts; doit does that for steps"),
    Rule("unreadable", "what cannot be parsed cannot be checked",
         "make it a Python source in the encoding that it declares", _NOT_READ),
    Rule("no-source", "a recipe that nobody read is not known to be sound",
         "declare the Python files that the command runs in the reads of the step", _NOT_READ),
    Rule("invalid-marker", "a marker accepts what it names for a reason",
         "write # recipe: ignore[rule] and the reason", _MARKER),
    Rule("unused-marker", "there is nothing here to accept", "remove the marker", _MARKER),
)  # fmt: skip
RULES: dict[str, Rule] = {rule.name: rule for rule in _ROWS}
# What a marker in the source may accept: what the file cannot be blamed for is not in its hands.
ACCEPTABLE = frozenset(name for name, rule in RULES.items() if rule.code == GateCode.RECIPE_NONDETERMINISTIC)
