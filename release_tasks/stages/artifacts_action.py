"""Read every artifact once and record what is wrong with it; what was found decides nothing here."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from release_tasks.config.artifacts import PICKLE_SUFFIXES
from release_tasks.config.plain_yaml import parse_plain_yaml
from release_tasks.errors import ConfigError, FormatError, IntegrityError, ReleaseError
from release_tasks.formats.safetensors_header import Header
from release_tasks.formats.safetensors_index import check_index, parse_index
from release_tasks.formats.safetensors_writer import is_canonical
from release_tasks.formats.strict_json import parse_strict
from release_tasks.records.contract import CURRENT
from release_tasks.records.evidence import Evidence, evidence_path
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.stages.execution import Context
from release_tasks.stages.layout import Placed, artifact_subjects, place_artifacts
from release_tasks.stages.parity import pairs_of_formats
from release_tasks.stages.plan import Plan
from release_tasks.stages.records_io import write_evidence
from release_tasks.stages.workspace import Workspace
from release_tasks.system.archived_pickle import PICKLE_PROTOCOLS, archived_pickle
from release_tasks.system.safetensors_file import read_header
from release_tasks.system.tensor_values import count_not_finite

# Roles that packaging itself fills: they need no artifact.
_OURS = dict.fromkeys(("metadata", "readme", "verdict", "policy", "environment", "dataset-statistics"), 1)
_GGUF = b"GGUF"
_ZIP = b"PK\x03\x04"
_REMOTE_KEYS = ("auto_map", "custom_pipelines")


def pickle_problem(path: Path) -> str | None:
    """Say why a file would run code when loaded: a pickle by suffix or opcode, or an archive that holds one.

    The length of a safetensors header can look like the first opcode, so a file that parses as one is none.
    """
    if path.name.casefold().endswith(PICKLE_SUFFIXES):
        return f"a pickle format by its suffix, {path.suffix}"
    with path.open("rb") as stream:
        head = stream.read(4)
    if head.startswith(PICKLE_PROTOCOLS) and not _is_safetensors(path):
        return f"a pickle of protocol {head[1]}"
    if head.startswith(_ZIP) and _holds_pickle(path):
        return "a torch archive that holds a pickle"
    return archived_pickle(path)


def _is_safetensors(path: Path) -> bool:
    try:
        read_header(path, where=path.name)
    except ReleaseError:
        return False
    return True


def _holds_pickle(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.casefold().endswith((".pkl", ".pickle")) for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


def _remote_code(value: JSON, place: str = "") -> Iterator[str]:
    """Name the keys, at any depth, that make a loader fetch and run code.

    By the kind of their values, too: a vocabulary may have a token of that name, with a number as its value.
    """
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _remote_code(item, f"{place}[{number}]")
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        at = f"{place}.{key}" if place else key
        if (key in _REMOTE_KEYS and item and isinstance(item, (dict, list, str))) or (
            key == "trust_remote_code" and item is True
        ):
            yield at
        else:
            yield from _remote_code(item, at)


def _parse_config(placed: Placed, data: bytes) -> JSON:
    if placed.declared.casefold().endswith(".json"):
        return parse_strict(data, where=placed.declared)
    value: JSON = parse_plain_yaml(data.decode("utf-8"), where=placed.declared)  # type: ignore[assignment]
    return value


def _check_text(placed: Placed, path: Path) -> list[str]:
    """Read a tokenizer, configuration or quality file strictly; returns the keys that call for code."""
    if placed.role == "config":
        config = _parse_config(placed, path.read_bytes())
        if not isinstance(config, dict):
            raise FormatError("the configuration is not a mapping", where=placed.declared)
        return list(_remote_code(config))
    if placed.name.casefold().endswith(".json"):
        value = parse_strict(path.read_bytes(), where=placed.declared)
        if placed.role == "tokenizer" and not (isinstance(value, dict) and "model" in value):
            raise FormatError(
                "not a tokenizer", wanted="a tokenizer.json with the key model", where=placed.declared
            )
        return list(_remote_code(value))
    return []


def _format(placed: Placed) -> str:
    """The role by which a file is read: among the extra files there may be adapters and GGUF files, too."""
    by_suffix = {".safetensors": "weights", ".gguf": "gguf"}
    suffix = Path(placed.name).suffix.casefold()
    return by_suffix.get(suffix, placed.role) if placed.role == "extra" else placed.role


class _Findings:
    """What one pass over the artifacts has found so far."""

    def __init__(self, weights: int) -> None:
        self.expected = weights
        self.weights: list[JSON] = []
        self.invalid: list[JSON] = []
        self.pickles: list[JSON] = []
        self.remote: list[JSON] = []
        self.headers: dict[str, Header] = {}

    def weight(self, placed: Placed, path: Path) -> None:
        raw, header = read_header(path, where=placed.declared)
        if placed.role == "weights":
            self.headers[placed.name] = header
            if not header.tensors:
                raise FormatError(
                    "the weights hold no tensor", wanted="at least one tensor", where=placed.declared
                )
        not_finite: list[JSON] = [
            {"tensor": item.tensor, "elements": item.elements, "nan": item.nan, "infinite": item.infinite}
            for item in count_not_finite(path, header, offset=8 + len(raw))
        ]
        self.weights.append(
            {
                "path": placed.name,
                "canonical": is_canonical(raw, header),
                "not_finite": not_finite,
            }
        )

    def look(self, placed: Placed, path: Path) -> None:
        problem = pickle_problem(path)
        if problem is not None:
            self.pickles.append({"path": placed.name, "problem": problem})
            return
        match _format(placed):
            case "weights":
                self.weight(placed, path)
            case "gguf":
                with path.open("rb") as stream:
                    if stream.read(4) != _GGUF:
                        raise FormatError("not a GGUF file", wanted="the magic GGUF", where=placed.declared)
            case "weights-index":
                index = parse_index(path.read_bytes(), where=placed.declared)
                if len(self.headers) == self.expected:  # else a shard is malformed, which says enough
                    check_index(index, self.headers, where=placed.declared)
            case "data" | "wheel" | "sdist":
                pass  # looked into by the steps `data` and `distribution`
            case _:
                for key in _check_text(placed, path):
                    self.remote.append({"path": placed.name, "problem": f"the key {key}"})


def _in_order(placed: Iterable[Placed]) -> list[Placed]:
    """Weights before their index, which is checked against them; renderings come from their source."""
    real = [item for item in placed if not item.rendered]
    return sorted(real, key=lambda item: (item.role == "weights-index", item.name))


def _invalid(item: Placed, error: ReleaseError) -> JSONObject:
    """One row of what is malformed; the error's own place is kept where it says more than the file."""
    inside = (error.where or "").removeprefix(item.declared).strip(",: ")
    problem = ": ".join(filter(None, (inside, error.what, error.found)))
    return {"path": item.name, "wanted": error.wanted or "a well-formed file", "problem": problem}


def inspect_artifacts(context: Context) -> None:
    """Write the evidence of kind `artifacts`: every malformed file is listed, not only the first."""
    workspace, plan = context.workspace, context.plan
    placed = place_artifacts(plan, workspace)
    findings = _Findings(sum(item.role == "weights" for item in placed))
    for item in _in_order(placed):
        context.report(f"reading {item.name}")
        try:
            findings.look(item, workspace.index.locate(item.declared))
        except (FormatError, IntegrityError, ConfigError) as error:
            findings.invalid.append(_invalid(item, error))
        except UnicodeDecodeError as error:
            problem = f"byte 0x{error.object[error.start]:02x} at offset {error.start}"
            findings.invalid.append({"path": item.name, "wanted": "text in UTF-8", "problem": problem})
    contract = CURRENT[plan.release.type]
    roles = Counter(item.role for item in placed)
    data: JSONObject = {
        "contract": contract.name,
        "missing": [{"role": slot.role} for slot in contract.missing({**_OURS, **roles})],
        "invalid": findings.invalid,
        "weights": findings.weights if contract.wants("weights") else None,
        "pickles": findings.pickles,
        "remote_code": findings.remote,
        "formats": _formats(plan, workspace),
    }
    write_evidence(
        workspace,
        evidence_path("artifacts"),
        Evidence(kind="artifacts", subjects=artifact_subjects(workspace, placed), data=data),
    )


def _formats(plan: Plan, workspace: Workspace) -> list[JSON]:
    """Every further format of the model: the pairs that vouch for it, and the model files it is a copy of."""
    artifacts = plan.release.artifacts
    digests = {path: workspace.index.sha256(path) for path in (*artifacts.model, *artifacts.gguf)}
    return [
        {
            "path": path,
            "pairs": list[JSON](pairs),
            "copies": [other for other in digests if other != path and digests[other] == digests[path]],
        }
        for path, pairs in pairs_of_formats(plan.release).items()
    ]
