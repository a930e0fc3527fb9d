"""`init`: make a project of a folder of model files; nothing of the user's is overwritten without `force`."""

from __future__ import annotations

import configparser
import os
import re
import tomllib
from contextlib import suppress
from importlib.resources import files as package_files
from pathlib import Path

from release_tasks.config.load import FILE_NAME, POLICY_NAME
from release_tasks.config.parse import parse_release
from release_tasks.errors import ConfigError
from release_tasks.records.frozen_record import frozen
from release_tasks.records.version import parse_version
from release_tasks.system.clock import now
from release_tasks.system.disk import write_atomic
from release_tasks.system.storage import storage_errors
from release_tasks.verbs.data_scaffold import dataset_text, find_data_files
from release_tasks.verbs.model_files import ModelFiles, find_model_files
from release_tasks.verbs.policy_scaffold import POLICY_SCHEMA, policy_text
from release_tasks.verbs.registration import (
    ini_registration,
    registered_in_ini,
    registered_in_toml,
    toml_registration,
)
from release_tasks.verbs.scaffold import (
    DODO,
    RELEASE_SCHEMA,
    Heading,
    release_text,
)
from release_tasks.verbs.tooling_scaffold import TRIAL, read_project, tooling_text, trial_text

_IGNORED = ("/.release/", "/release/", "/experiments/", "__pycache__/")  # every command imports dodo.py
_PROJECT = re.compile(r"release_tasks\.Project\(")
_LONGEST_NAME = 100
_FIRST = "0.1.0"


def init(
    folder: Path,
    *,
    name: str | None = None,
    version: str | None = None,
    release_type: str = "model",
    force: bool = False,
) -> tuple[str, ...]:
    """Write release.toml, the policy, dodo.py and what they need; return the paths written, relative.

    Of a model weights, tokenizer and configuration are found in the folder; where several could be meant none
    is taken: all stand in release.toml as comments. Of a dataset its folder is found, of tooling its
    pyproject.toml read. `name` is the folder's by default, or the project's; `version` is 0.1.0, the
    project's, or for data the first build of today. Everything is checked before anything is written. Raises
    ConfigError for files that exist (unless `force`), a bad name, version or type, weights in pickle formats
    only, tooling without a name, and a doit configuration that has to be completed by hand.
    """
    if not folder.is_dir():
        raise ConfigError(
            "the folder to begin in is not there",
            wanted="an existing folder of model files",
            where=str(folder),
        )
    texts = _texts(folder, release_type, name=name, version=version)
    complete = tomllib.loads(texts.complete)
    parse_release(complete, root=folder.absolute(), file=folder.absolute() / FILE_NAME, environ={})
    planned = {
        RELEASE_SCHEMA: _schema("release.schema.json"),
        POLICY_SCHEMA: _schema("policy.schema.json"),
        POLICY_NAME: policy_text().encode(),
        **_dodo(folder),
        **_registration(folder),
        **_gitignore(folder, texts.ignored),
        **texts.beside,
        FILE_NAME: texts.written.encode(),
    }
    _refuse_existing(folder, planned, force=force)
    _write_all(folder, planned)
    return tuple(planned)


@frozen
class _Texts:
    """release.toml as it is written, the same with every gap filled, and what belongs beside it."""

    written: str
    complete: str
    beside: dict[str, bytes]
    ignored: tuple[str, ...] = _IGNORED


def _texts(folder: Path, release_type: str, *, name: str | None, version: str | None) -> _Texts:
    match release_type:
        case "model":
            files = find_model_files(folder)
            _refuse_pickles(files)
            heading = Heading(
                name=name or _name_of(folder), version=version or _FIRST, scheme=_scheme(version or _FIRST)
            )
            complete = release_text(heading, files, stand_in=True)
            return _Texts(written=release_text(heading, files), complete=complete, beside={})
        case "dataset":
            built = version or f"{now()[:10].replace('-', '.')}_build1"
            scheme = None if _scheme(built) else "semver"
            heading = Heading(name=name or _name_of(folder), version=built, scheme=scheme, type="dataset")
            text = dataset_text(heading, find_data_files(folder))
            return _Texts(written=text, complete=text, beside={})
        case "tooling":
            project = read_project(folder)
            chosen = version or project.version or _FIRST
            heading = Heading(name=name or project.name, version=chosen, scheme=None, type="tooling")
            text = tooling_text(heading, project)
            beside = {TRIAL: trial_text(project).encode()}
            return _Texts(written=text, complete=text, beside=beside, ignored=(*_IGNORED, "/dist/"))
        case _:
            raise ConfigError(
                "there is nothing to begin a release of this type with",
                wanted="model, dataset or tooling",
                found=release_type,
                where="--type",
                hint="a patch or an experiment begins with the release.toml of its model",
            )


def _refuse_pickles(files: ModelFiles) -> None:
    if files.pickles and not files.weights:
        raise ConfigError(
            "the only weights are in a format that runs code when it is loaded",
            wanted="safetensors",
            found=", ".join(files.pickles),
            hint="convert them: load the tensors where you trust the file, then "
            'safetensors.torch.save_file(tensors, "model.safetensors")',
        )


def _name_of(folder: Path) -> str:
    name = re.sub(r"[^A-Za-z0-9._-]", "-", folder.resolve().name)
    name = re.sub(r"([._-])[._-]+", r"\1", name)
    return name.strip("._-")[:_LONGEST_NAME].strip("._-") or "model"


def _scheme(version: str) -> str | None:
    try:
        parse_version(version, "calendar")
    except ConfigError:
        return None
    return "calendar"


def _schema(name: str) -> bytes:
    return (package_files("release_tasks") / "schemas" / name).read_bytes()


def _read(path: Path) -> str | None:
    """The text of a file, None when there is none."""
    with storage_errors(path):
        if not path.exists():
            return None
        data = path.read_bytes()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path.name} is not UTF-8",
            wanted="text in UTF-8",
            found=f"byte {error.start}",
            where=str(path),
        ) from None


def _dodo(folder: Path) -> dict[str, bytes]:
    present = _read(folder / "dodo.py")
    return {} if present is not None and _PROJECT.search(present) else {"dodo.py": DODO.encode()}


def _registration(folder: Path) -> dict[str, bytes]:
    """Plan where doit learns about us: pyproject.toml when there is one, else doit.cfg."""
    config, pyproject = _read(folder / "doit.cfg"), _read(folder / "pyproject.toml")
    if config is not None and registered_in_ini(_sections(config, folder / "doit.cfg")):
        return {}
    if pyproject is not None:
        return _pyproject(pyproject, folder / "pyproject.toml")
    if config is not None:
        raise _by_hand(folder / "doit.cfg", ini_registration())
    return {"doit.cfg": ini_registration().encode()}


def _pyproject(text: str, path: Path) -> dict[str, bytes]:
    doit = _doit_table(text, path)
    if registered_in_toml(doit):
        return {}
    if doit is not None:
        raise _by_hand(path, toml_registration())
    newline = "\r\n" if "\r\n" in text else "\n"
    gap = "" if text.endswith("\n") or not text else newline
    added = text + gap + (newline if text else "") + toml_registration().replace("\n", newline)
    try:
        tomllib.loads(added)
    except tomllib.TOMLDecodeError:  # `tool` is an inline table, which nothing can be added to
        raise _by_hand(path, toml_registration()) from None
    return {path.name: added.encode()}


def _doit_table(text: str, path: Path) -> object:
    try:
        tool = tomllib.loads(text).get("tool", {})
    except tomllib.TOMLDecodeError as error:
        raise ConfigError("TOML is malformed", found=str(error), where=str(path)) from None
    return tool.get("doit") if isinstance(tool, dict) else None


def _sections(text: str, path: Path) -> dict[str, dict[str, str]]:
    """Read as doit does: names keep their case, `=` alone separates."""
    parser = configparser.ConfigParser(allow_no_value=True, delimiters=("=",), interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # the documented way
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise ConfigError(
            "doit.cfg is malformed", found=str(error).splitlines()[0], where=str(path)
        ) from None
    return {name: dict(section) for name, section in parser.items()}


def _by_hand(path: Path, lines: str) -> ConfigError:
    return ConfigError(
        f"{path.name} has a configuration of doit already",
        wanted="one that names the commands, backend and reporter of release_tasks",
        where=str(path),
        hint=f"make these lines part of it, then run init again:\n{lines.rstrip()}",
    )


def _gitignore(folder: Path, ignored: tuple[str, ...]) -> dict[str, bytes]:
    text = _read(folder / ".gitignore") or ""
    present = {line.strip().strip("/") for line in text.splitlines()}
    missing = [line for line in ignored if line.strip("/") not in present]
    if not missing:
        return {}
    newline = "\r\n" if "\r\n" in text else "\n"
    gap = "" if text.endswith("\n") or not text else newline
    return {".gitignore": (text + gap + "".join(line + newline for line in missing)).encode()}


def _refuse_existing(folder: Path, planned: dict[str, bytes], *, force: bool) -> None:
    """Files of ours are never overwritten; those that are added to, and the copies of schemas, may exist."""
    own = [name for name in (FILE_NAME, POLICY_NAME, "dodo.py", TRIAL) if name in planned]
    found = [name for name in own if os.path.lexists(folder / name)]
    if not force and found:
        raise ConfigError(
            "init would overwrite files",
            wanted="a folder without them",
            found=", ".join(found),
            where=str(folder),
            hint=f"remove them, or overwrite them with --force; to keep dodo.py add to it:\n{DODO.rstrip()}"
            if "dodo.py" in found
            else "remove them, or overwrite them with --force",
        )
    folders = [name for name in planned if (folder / name).is_dir()]
    if folders:
        raise ConfigError("a folder is where init writes a file", found=", ".join(folders), where=str(folder))


def _write_all(folder: Path, planned: dict[str, bytes]) -> None:
    """Write every file; when one cannot be written, put back what was there before."""
    done: list[tuple[Path, bytes | None]] = []
    try:
        for name, data in planned.items():
            path = folder / name
            with storage_errors(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                before = path.read_bytes() if path.exists() else None
            write_atomic(path, data)
            done.append((path, before))
    except BaseException:
        for path, before in reversed(done):
            with suppress(OSError):
                path.unlink() if before is None else write_atomic(path, before)
        raise
