"""The rules of the recipe lint about files: pickles, gzip, zip, tar and safetensors."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from release_tasks.policy.recipe_disorder import Disorder
from release_tasks.policy.recipe_rules import Hit
from release_tasks.policy.recipe_source import (
    Source,
    argument,
    is_constant,
    is_true,
    method,
    string,
    unpacks,
)

_PICKLERS = frozenset(
    f"{module}.{name}" for module in ("pickle", "joblib", "cloudpickle", "dill") for name in ("dump", "dumps")
) | {"torch.save"}
_COMPRESSED = frozenset({"zipfile.ZIP_DEFLATED", "zipfile.ZIP_BZIP2", "zipfile.ZIP_LZMA"})
_TARS = frozenset({"tarfile.open", "tarfile.TarFile", "tarfile.TarFile.open"})
# Position of mtime in what writes gzip.
_GZIP_OPENERS = {"gzip.open": None, "gzip.GzipFile": 4}
_SAFETENSORS = tuple(
    f"safetensors.{name}." for name in ("numpy", "torch", "flax", "tensorflow", "mlx", "paddle")
)
_NOT_CONTIGUOUS = frozenset(
    f"numpy.{name}"
    for name in ("transpose", "swapaxes", "moveaxis", "rollaxis", "broadcast_to", "asfortranarray", "flip",
                 "fliplr", "flipud", "rot90", "diagonal")
)  # fmt: skip
_VIEWS = frozenset({"transpose", "swapaxes", "diagonal"})


def files(source: Source) -> Iterator[Hit]:
    """Find files whose bytes hold more than their content."""
    disorder = Disorder(source)
    for call, dotted in source.calls:
        yield from _pickles(disorder, call, dotted)
        yield from _gzip(source, call, dotted)
        yield from _archives(source, call, dotted)
        if dotted.startswith(_SAFETENSORS) and method(call) in {"save", "save_file"}:
            yield from _safetensors(source, call, dotted)


def _pickles(disorder: Disorder, call: ast.Call, dotted: str) -> Iterator[Hit]:
    if dotted == "numpy.load" and is_true(argument(call, "allow_pickle", 2)):
        yield Hit(call, "allow-pickle", "np.load(allow_pickle=True)")
    if dotted in _PICKLERS and call.args:
        waiting: list[ast.expr | None] = [call.args[0]]
        while waiting:
            value = waiting.pop()
            if disorder.is_set(value):
                yield Hit(value or call, "pickled-set", f"{dotted}() of a set")
            elif isinstance(value, ast.Dict):
                waiting += value.values
            elif isinstance(value, ast.List | ast.Tuple):
                waiting += value.elts


def _writes(mode: ast.expr | None) -> bool:
    return any(letter in (string(mode) or "") for letter in "wax")


def _gzip(source: Source, call: ast.Call, dotted: str) -> Iterator[Hit]:
    if unpacks(call):
        return
    if dotted == "gzip.compress":
        if _is_now(argument(call, "mtime", 2)):
            yield Hit(call, "gzip-time", "gzip.compress() without mtime=0")
    elif dotted in _GZIP_OPENERS and _writes(source.value(argument(call, "mode", 1))):
        position = _GZIP_OPENERS[dotted]
        if position is None or _is_now(argument(call, "mtime", position)):
            yield Hit(call, "gzip-time", f"{dotted}() for writing, without mtime=0")


def _is_now(mtime: ast.expr | None) -> bool:
    """Whether gzip would take the time of the run: where none is given, and where None is."""
    return mtime is None or is_constant(mtime, None)


def _archives(source: Source, call: ast.Call, dotted: str) -> Iterator[Hit]:
    if dotted == "zipfile.ZipFile":
        compression = argument(call, "compression", 2)
        if source.dotted(compression) in _COMPRESSED or is_constant(source.value(compression), 8, 12, 14):
            yield Hit(call, "compressed-archive", "a compressed zip file")
    elif dotted in {"tarfile.open", "tarfile.TarFile.open"}:
        mode = string(source.value(argument(call, "mode", 1))) or ""
        if _writes(ast.Constant(mode)) and mode.endswith(
            (":gz", "|gz", ":bz2", "|bz2", ":xz", "|xz", ":zst", "|zst")
        ):
            yield Hit(call, "compressed-archive", f"a tar file of mode {mode}")
    elif dotted == "shutil.make_archive":
        yield Hit(call, "archive-metadata", "shutil.make_archive() keeps times and owners")
    elif isinstance(call.func, ast.Attribute):
        yield from _members(source, call, call.func.value)


def _members(source: Source, call: ast.Call, archive: ast.expr) -> Iterator[Hit]:
    """Find members whose times, modes and owners are those of the file, or of now."""
    name = method(call)
    if name in {"write", "writestr", "mkdir"} and source.origin(archive) == "zipfile.ZipFile":
        member = source.value(argument(call, "zinfo_or_arcname", 0)) if name == "writestr" else None
        if name != "writestr" or isinstance(member, ast.Constant | ast.JoinedStr | ast.BinOp):
            of_now = "keeps the time of now" if name == "writestr" else "keeps the time and mode of the file"
            yield Hit(call, "archive-metadata", f"ZipFile.{name}() {of_now}")
    if name == "add" and source.origin(archive) in _TARS:
        filtered = argument(call, "filter", 3) is not None or unpacks(call)
        if not filtered:
            yield Hit(call, "archive-metadata", "TarFile.add() keeps time, mode and owner of the file")


def _safetensors(source: Source, call: ast.Call, dotted: str) -> Iterator[Hit]:
    metadata = source.value(argument(call, "metadata", 1 if method(call) == "save" else 2))
    if _keys(source, metadata) > 1:
        yield Hit(call, "safetensors-metadata", f"{method(call)}() with several metadata keys")
    tensors = (
        source.value(argument(call, "tensor_dict", 0)) if dotted.startswith("safetensors.numpy.") else None
    )
    values: list[ast.expr] = tensors.values if isinstance(tensors, ast.Dict) else []
    if isinstance(tensors, ast.DictComp):
        values = [tensors.value]
    for value in values:
        if _is_strided(source, value):
            yield Hit(value, "safetensors-layout", "an array that is not C-contiguous")


def _keys(source: Source, node: ast.expr | None) -> int:
    """How many keys a dict has at least, as far as the source shows."""
    if isinstance(node, ast.Dict):
        return len(node.keys)
    if isinstance(node, ast.Call) and source.dotted(node.func) == "builtins.dict":
        return len(node.args) + len(node.keywords)
    return 0


def _is_strided(source: Source, node: ast.expr) -> bool:
    """Whether an expression is a view with other strides than those of C order."""
    match source.value(node):
        case ast.Attribute(attr="T" | "mT"):
            return True
        case ast.Call(func=func) as call:
            return source.dotted(func) in _NOT_CONTIGUOUS or (
                isinstance(func, ast.Attribute) and not source.dotted(func) and method(call) in _VIEWS
            )
        case ast.Subscript(slice=ast.Slice(step=step)):
            return step is not None and not is_constant(step, None, 1)
        case ast.Subscript(slice=ast.Tuple(elts=[_, *rest])):
            return any(
                isinstance(item, ast.Slice) and (item.lower or item.upper or item.step) is not None
                for item in rest
            )
        case _:
            return False
