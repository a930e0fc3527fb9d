"""What a rebuild found: each step, each file, under which variations, on which machine (design §7)."""

from __future__ import annotations

from typing import Literal

from release_tasks.errors import FormatError
from release_tasks.records.claimed_text import is_commit, is_duration, is_hex64, is_machine_id, is_moment
from release_tasks.records.diagnosis import Diagnosis, diagnosis_from_json
from release_tasks.records.digest import Digest, parse_digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.likeness import LIKENESSES, Likeness
from release_tasks.records.step import Class

SCHEMA_VERSION = 1

Outcome = Literal["match", "on record", "given", "mismatch", "inconclusive"]
OUTCOMES: tuple[Outcome, ...] = ("match", "on record", "given", "mismatch", "inconclusive")
_CLASSES: tuple[Class, ...] = ("exact", "derived", "recorded")
NUMERIC_STATUSES = frozenset({"checked", "asserted", "not-applicable", None})


@frozen
class Variations:
    """In what the place of a second build differed on purpose from the first.

    `not_applied` pairs a variation that was asked for with why this machine could not give it; `left_out` are
    those of the default set that nobody asked for; `round` chose the values, and gives them again.
    """

    applied: tuple[str, ...] = ()
    not_applied: tuple[tuple[str, str], ...] = ()
    left_out: tuple[str, ...] = ()
    round: int = 1

    def to_json(self) -> JSONObject:
        """Write the record as plain JSON."""
        return {
            "applied": list[JSON](self.applied),
            "not_applied": dict(self.not_applied),
            "left_out": list[JSON](self.left_out),
            "round": self.round,
        }


@frozen
class Machine:
    """Where something was built; `id` is a digest that names the machine without telling its identity.

    `environment` is a digest over interpreter, packages, numeric id, kernel, processor and sandbox.
    """

    id: str
    environment: str
    numeric_id: str
    processor: str

    def to_json(self) -> JSONObject:
        """Write the record as plain JSON."""
        return {
            "id": self.id,
            "environment": self.environment,
            "numeric_id": self.numeric_id,
            "processor": self.processor,
        }


@frozen
class StepResult:
    """One step that makes exact files; `outputs` are what it made now, or what the record of it says.

    `numeric` is the status of the numeric profile inside the command (None for our own steps), `machine`
    where it was rebuilt, `key` its action key, None when an input was not to be had.
    """

    name: str
    outcome: Outcome
    key: str | None
    outputs: tuple[tuple[str, Digest], ...] = ()
    seconds: float | None = None
    numeric: str | None = None
    variations: Variations = Variations()
    machine: Machine | None = None
    record: str | None = None
    why: str | None = None

    def to_json(self) -> JSONObject:
        """Write the record as plain JSON."""
        return {
            "name": self.name,
            "outcome": self.outcome,
            "key": self.key,
            "outputs": {path: str(digest) for path, digest in self.outputs},
            "seconds": self.seconds,
            "numeric": self.numeric,
            "variations": self.variations.to_json(),
            "machine": None if self.machine is None else self.machine.to_json(),
            "record": self.record,
            "why": self.why,
        }


@frozen
class FileResult:
    """One file of the release; `by` is the step that made it, `source`, `derived`, `recorded` or `given`.

    `found` is None when nothing was made to compare with; `likeness` how alike both are, None likewise.
    """

    path: str
    cls: Class
    outcome: Outcome
    by: str
    wanted: Digest
    found: Digest | None = None
    likeness: Likeness | None = None
    why: str | None = None

    def to_json(self) -> JSONObject:
        """Write the record as plain JSON."""
        return {
            "path": self.path,
            "class": self.cls,
            "outcome": self.outcome,
            "by": self.by,
            "wanted": str(self.wanted),
            "found": None if self.found is None else str(self.found),
            "likeness": self.likeness,
            "why": self.why,
        }


@frozen
class RebuildReport:
    """Everything that one `reproduce` found about one release; a claim of whoever ran it until it is signed.

    `weights` tells whether steps made them anew, they were given, or there are none. `builder` is the machine
    that the release says it was built on, None when it does not say. `packages` pairs each installed package
    that differs with the version of the first build and that of now. `built_with` is the release_tasks of the
    first build, `generator` that of the rebuild. `diagnosis` is about each step that came out otherwise.
    """

    name: str
    version: str
    root: Digest
    exact_root: Digest
    commit: str
    weights: Literal["rebuilt", "given", "none"]
    steps: tuple[StepResult, ...]
    files: tuple[FileResult, ...]
    machine: Machine
    builder: Machine | None
    packages: tuple[tuple[str, str, str], ...]
    seconds: float
    finished_at: str
    generator: str
    built_with: str
    diagnosis: tuple[Diagnosis, ...] = ()

    def to_json(self) -> JSONObject:
        """Write the record as plain JSON, without the level, which is drawn from it."""
        return {
            "schema_version": SCHEMA_VERSION,
            "name": self.name,
            "version": self.version,
            "root": str(self.root),
            "exact_root": str(self.exact_root),
            "commit": self.commit,
            "weights": self.weights,
            "steps": [step.to_json() for step in self.steps],
            "files": [file.to_json() for file in self.files],
            "machine": self.machine.to_json(),
            "builder": None if self.builder is None else self.builder.to_json(),
            "packages": {name: {"built": then, "now": now} for name, then, now in self.packages},
            "seconds": self.seconds,
            "finished_at": self.finished_at,
            "generator": self.generator,
            "built_with": self.built_with,
            "diagnosis": [item.to_json() for item in self.diagnosis],
        }


def variations_from_json(value: JSON, *, where: str) -> Variations:
    """Read the record; raises FormatError for any other shape."""
    match value:
        case {
            "applied": list() as applied,
            "not_applied": dict() as not_applied,
            "left_out": list() as left,
            "round": round_,
            **rest,
        } if not rest:
            return Variations(
                applied=_texts(applied, where),
                not_applied=tuple((name, _text(why, where)) for name, why in sorted(not_applied.items())),
                left_out=_texts(left, where),
                round=_round(round_, where),
            )
        case _:
            raise _refuse("variations", where)


def machine_from_json(value: JSON, *, where: str) -> Machine:
    """Read the record; raises FormatError for any other shape."""
    match value:
        case {
            "id": str() as id_,
            "environment": str() as environment,
            "numeric_id": str() as numeric_id,
            "processor": str() as processor,
            **rest,
        } if not rest and is_machine_id(id_) and is_hex64(environment):
            return Machine(id=id_, environment=environment, numeric_id=numeric_id, processor=processor)
        case _:
            raise _refuse("machine", where)


def report_from_json(value: JSON, *, where: str) -> RebuildReport:
    """Read a report as `to_json` writes it, whatever level it claims; raises FormatError for others."""
    match value:
        case {
            "schema_version": 1,
            "name": str() as name,
            "version": str() as version,
            "root": str() as root,
            "exact_root": str() as exact_root,
            "commit": str() as commit,
            "weights": "rebuilt" | "given" | "none" as weights,
            "steps": list() as steps,
            "files": list() as files,
            "machine": machine,
            "builder": builder,
            "packages": dict() as packages,
            "seconds": int() | float() as seconds,
            "finished_at": str() as finished_at,
            "generator": str() as generator,
            "built_with": str() as built_with,
            "diagnosis": list() as diagnosis,
            **rest,
        } if (
            is_duration(seconds) and is_commit(commit) and is_moment(finished_at) and rest.keys() <= {"level"}
        ):
            return RebuildReport(
                name=name,
                version=version,
                root=parse_digest(root),
                exact_root=parse_digest(exact_root),
                commit=commit,
                weights=weights,
                steps=tuple(_step(step, where) for step in steps),
                files=tuple(_file(file, where) for file in files),
                machine=machine_from_json(machine, where=where),
                builder=None if builder is None else machine_from_json(builder, where=where),
                packages=tuple(
                    _package(name, versions, where) for name, versions in sorted(packages.items())
                ),
                seconds=seconds,
                finished_at=finished_at,
                generator=generator,
                built_with=built_with,
                diagnosis=tuple(diagnosis_from_json(item, where=where) for item in diagnosis),
            )
        case _:
            raise _refuse("the whole record", where)


def _step(value: JSON, where: str) -> StepResult:
    match value:
        case {
            "name": str() as name,
            "outcome": str() as outcome,
            "key": str() | None as key,
            "outputs": dict() as outputs,
            "seconds": int() | float() | None as seconds,
            "numeric": str() | None as numeric,
            "variations": variations,
            "machine": machine,
            "record": str() | None as record,
            "why": str() | None as why,
            **rest,
        } if (
            outcome in OUTCOMES
            and numeric in NUMERIC_STATUSES
            and (key is None or is_hex64(key))
            and (seconds is None or is_duration(seconds))
            and not rest
        ):
            return StepResult(
                name=name,
                outcome=outcome,
                key=key,
                outputs=tuple(
                    (path, parse_digest(_text(hex_, where))) for path, hex_ in sorted(outputs.items())
                ),
                seconds=seconds,
                numeric=numeric,
                variations=variations_from_json(variations, where=where),
                machine=None if machine is None else machine_from_json(machine, where=where),
                record=record,
                why=why,
            )
        case _:
            raise _refuse("a step", where)


def _file(value: JSON, where: str) -> FileResult:
    match value:
        case {
            "path": str() as path,
            "class": str() as cls,
            "outcome": str() as outcome,
            "by": str() as by,
            "wanted": str() as wanted,
            "found": str() | None as found,
            "likeness": str() | None as likeness,
            "why": str() | None as why,
            **rest,
        } if (
            cls in _CLASSES
            and outcome in OUTCOMES
            and (likeness is None or likeness in LIKENESSES)
            and not rest
        ):
            return FileResult(
                path=path,
                cls=cls,
                outcome=outcome,
                by=by,
                wanted=parse_digest(wanted),
                found=None if found is None else parse_digest(found),
                likeness=likeness,
                why=why,
            )
        case _:
            raise _refuse("a file", where)


def _package(name: str, value: JSON, where: str) -> tuple[str, str, str]:
    match value:
        case {"built": str() as built, "now": str() as now, **rest} if not rest:
            return name, built, now
        case _:
            raise _refuse("a package", where)


def _texts(values: list[JSON], where: str) -> tuple[str, ...]:
    return tuple(_text(value, where) for value in values)


def _round(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _refuse("a round", where)
    return value


def _text(value: JSON, where: str) -> str:
    if not isinstance(value, str):
        raise _refuse("a text", where)
    return value


def _refuse(what: str, where: str) -> FormatError:
    return FormatError(
        "not a rebuild report that release_tasks writes",
        wanted="the keys of rebuild.schema.json, each as it is written",
        found=f"another shape of {what}",
        where=where,
        hint="remove it, and run 'doit reproduce' again",
    )
