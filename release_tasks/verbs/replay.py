"""`replay`: measure one recorded prompt of a pair of formats again, and say whether its figures come back."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from release_tasks.config.load import find_config, load_release
from release_tasks.config.schema import Pair, Release
from release_tasks.errors import ConfigError, FormatError
from release_tasks.formats.logits_protocol import ScoreRequest
from release_tasks.policy.parity_rows import parse_rows
from release_tasks.records.digest import Digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.records.parity import Agreement, ParityRow
from release_tasks.stages.logits_command import LogitsCommand, compare
from release_tasks.stages.parity_action import current_digest, read_files
from release_tasks.stages.workspace import MissingInputError, Workspace


@frozen
class OtherFile:
    """A file that is not the one that was measured; a digest is None where there is no such file."""

    path: str
    recorded: Digest | None
    now: Digest | None


@frozen
class Replay:
    """A row, what it gave now, and every way in which this was not the same measurement."""

    row: ParityRow
    now: Agreement
    other_files: tuple[OtherFile, ...]
    same_tokens: bool

    @property
    def reproduced(self) -> bool:
        """Tell whether the same bytes gave the same tokens, τ-b and ΔNLL, bit for bit."""
        return not self.other_files and self.same_tokens and self.same_figures

    @property
    def same_figures(self) -> bool:
        """Tell whether τ-b and ΔNLL are the recorded ones, bit for bit."""
        then = self.row.found
        return (self.now.tau, self.now.delta_nll) == (then.tau, then.delta_nll)

    def to_json(self) -> JSONObject:
        """Write the result as plain JSON."""
        return {
            "ok": self.reproduced,
            "pair": self.row.pair,
            "row": self.row.row,
            "commit": self.row.commit,
            "same_tokens": self.same_tokens,
            "same_figures": self.same_figures,
            "other_files": [
                {"path": item.path, "recorded": _text(item.recorded), "now": _text(item.now)}
                for item in self.other_files
            ],
            "thresholds": {"min_tau": self.row.min_tau, "max_nll": self.row.max_nll},
            "recorded": _figures(self.row, self.row.found),
            "found": _figures(self.row, self.now),
        }


def _text(digest: Digest | None) -> JSON:
    return None if digest is None else str(digest)


def _figures(row: ParityRow, found: Agreement) -> JSONObject:
    fails = found.fails(min_tau=row.min_tau, max_nll=row.max_nll)
    return {**found.to_json(), "delta_nll": found.delta_nll, "fails": fails}


def _read_row(file: Path, number: int) -> ParityRow:
    try:
        rows = parse_rows(file.read_bytes(), where=str(file))
    except FormatError as error:
        raise ConfigError(
            f"{file.name} holds no parity rows: {error.what}",
            wanted=error.wanted,
            found=error.found,
            where=error.where,
            hint="rows are in .release/records/parity/<pair>.rows.jsonl, and in evidence/parity of a release",
        ) from None
    except OSError as error:
        raise ConfigError(
            "the file with the rows cannot be read", found=error.strerror, where=str(file)
        ) from None
    if not 0 <= number < len(rows):
        raise ConfigError(
            "there is no such row",
            wanted=f"0 to {len(rows) - 1}" if rows else "a file with rows",
            found=str(number),
            where=str(file),
        )
    return rows[number]


def _declared_pair(release: Release, row: ParityRow) -> Pair:
    """The pair of this name; raises ConfigError when its command or its models are not the recorded ones.

    A file with rows comes from anywhere, and its command would be run: only that of release.toml is.
    """
    where = f"{release.file.name}: parity.{row.pair}"
    pair = next((pair for pair in release.parity if pair.name == row.pair), None)
    if pair is None:
        raise ConfigError(
            f"there is no pair {row.pair}", wanted=f"[parity.{row.pair}]", found="none", where=where
        )
    recorded = (row.command, row.reference[0], row.candidate[0])
    declared = (pair.command, pair.reference, pair.candidate)
    for key, wanted, found in zip(("command", "reference", "candidate"), recorded, declared, strict=True):
        if found != wanted:
            raise ConfigError(
                f"the row was measured with another {key}",
                wanted=wanted if isinstance(wanted, str) else shlex.join(wanted),
                found=found if isinstance(found, str) else shlex.join(found),
                where=f"{where}.{key}",
                hint=f"check out {row.commit}" if row.commit else "restore it to replay this row",
            )
    return replace(pair, steps=row.steps, seed=row.seed)


def _other_files(workspace: Workspace, pair: Pair, row: ParityRow) -> Iterator[OtherFile]:
    recorded = dict((row.reference, row.candidate, *row.files))
    models = {path: current_digest(workspace, path) for path in (pair.reference, pair.candidate)}
    now = {**models, **dict(read_files(workspace, pair))}
    for path in sorted(recorded.keys() | now.keys()):
        if recorded.get(path) != now.get(path):
            yield OtherFile(path=path, recorded=recorded.get(path), now=now.get(path))


def replay(
    file: Path, number: int, *, start: Path, config: Path | None, environ: Mapping[str, str]
) -> Replay:
    """Measure a recorded row again with the project's files as they are now.

    The path is chosen anew and compared; both sides score the recorded one. Raises ConfigError for a file or
    a row that is not there and for a project that declares another pair or lacks a file of it, CommandFailed
    as the measurement does.
    """
    row = _read_row(file, number)
    release = load_release(find_config(start, config, environ), environ=environ)
    pair = _declared_pair(release, row)
    workspace = Workspace(release)
    try:
        other = tuple(_other_files(workspace, pair, row))
    except MissingInputError as error:
        raise ConfigError(
            "a file of the pair is not there",
            wanted=error.path,
            found="no such file",
            where=str(workspace.index.locate(error.path)),
            hint=f"'doit run parity:{pair.name}' builds it",
        ) from None
    command = LogitsCommand(workspace, pair, log=f"replay-{pair.name}")
    path = ScoreRequest(tokens=row.tokens, start=row.prompt_tokens)
    (again,), (reference,) = command.again([row.prompt], [path])
    (candidate,) = command.candidate([path])
    return Replay(
        row=row,
        now=compare(again, reference, candidate),
        other_files=other,
        same_tokens=again.tokens == row.tokens,
    )


def render_text(done: Replay) -> str:
    """The result for people: what is other than it was, both figures, and one word at the end."""
    row = done.row
    lines = [f"parity.{row.pair}, row {row.row}: {row.prompt!a}"[:200]]
    for item in done.other_files:
        then = item.recorded.short if item.recorded else "not there"
        now = item.now.short if item.now else "not there"
        lines.append(f"other bytes: {item.path} was {then}, is {now}")
    if not done.same_tokens:
        lines.append("other tokens: the reference takes another path; the recorded one was scored")
    for name, then_value, now_value, limit in (
        ("τ-b", row.found.tau, done.now.tau, f">= {row.min_tau}"),
        ("ΔNLL", row.found.delta_nll, done.now.delta_nll, f"<= {row.max_nll}"),
    ):
        lines.append(f"{name:<5} recorded {_figure(then_value)}, now {_figure(now_value)}, wanted {limit}")
    failing = done.now.fails(min_tau=row.min_tau, max_nll=row.max_nll)
    lines.append(f"the row {'fails' if failing else 'passes'} its thresholds")
    lines.append("reproduced" if done.reproduced else "not reproduced")
    return "\n".join(lines) + "\n"


def _figure(value: float | None) -> str:
    return "none (too few informative steps)" if value is None else repr(value)
