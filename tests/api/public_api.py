"""The public API as data, and the rule by which it may change: `python tests/api/public_api.py` writes it anew."""

from __future__ import annotations

import dataclasses
import enum
import inspect
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import release_tasks

GOLDEN = Path(__file__).with_name("public_api.json")


def public_api() -> dict[str, Any]:
    """Every exported symbol with its signature, its fields or its values, and the version that has it."""
    names = [name for name in sorted(release_tasks.__all__) if name != "__version__"]
    symbols = {name: _describe(getattr(release_tasks, name)) for name in names}
    return {"version": release_tasks.__version__, "symbols": symbols}


def _describe(value: Any) -> Any:
    if isinstance(value, enum.EnumMeta):
        return {member.name: member.value for member in value}  # type: ignore[var-annotated]
    if not isinstance(value, type):
        return f"{value.__name__}{inspect.signature(value)}"
    described = {"": f"{value.__name__}{inspect.signature(value)}"}
    if dataclasses.is_dataclass(value):
        described |= {field.name: f"field: {field.type}" for field in dataclasses.fields(value)}
    for name, member in sorted(vars(value).items()):
        if not name.startswith("_") and name not in described:
            described[name] = (
                f"{name}{inspect.signature(member)}" if inspect.isfunction(member) else _property(member)
            )
    return described


def _property(member: Any) -> str:
    getter = getattr(member, "fget", None) or getattr(member, "func", None)
    return "attribute" if getter is None else f"property: {inspect.signature(getter).return_annotation}"


def flat(api: dict[str, Any]) -> dict[str, str]:
    """Each thing that a program may rely on, by its dotted name."""
    found = {}
    for symbol, described in api["symbols"].items():
        parts = described.items() if isinstance(described, dict) else [("", described)]
        found.update({f"{symbol}.{part}".rstrip("."): text for part, text in parts})
    return found


def broken(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """What programs that were written for the old API may miss: removed or changed; additions break nothing."""
    before, after = flat(old), flat(new)
    for name, text in before.items():
        if name not in after:
            yield f"{name} is gone"
        elif after[name] != text:
            yield f"{name} was {text}, is {after[name]}"


def says_breaking(old: str, new: str) -> bool:
    """Whether the version says that programs may break: a higher major, before 1.0 a higher minor (semver.org §4)."""
    was, now = ([int(part) for part in version.split("-")[0].split(".")] for version in (old, new))
    return now[0] > was[0] or (was[0] == 0 and now[:2] > was[:2])


def refusal(old: dict[str, Any], new: dict[str, Any]) -> str | None:
    """Say why the golden file may not be written anew, or None."""
    problems = list(broken(old, new))
    if not problems or says_breaking(old["version"], new["version"]):
        return None
    listed = "\n".join(f"  {problem}" for problem in problems)
    return (
        f"the public API breaks while the version is still {new['version']}:\n{listed}\n"
        "keep what programs rely on, or raise __version__ to one that says breaking"
    )


def main() -> int:
    """Write the golden file unless that would break programs under a version that does not say so."""
    new = public_api()
    problem = refusal(json.loads(GOLDEN.read_text("utf-8")), new) if GOLDEN.exists() else None
    if problem is not None:
        sys.stderr.write(problem + "\n")
        return 1
    GOLDEN.write_text(json.dumps(new, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
