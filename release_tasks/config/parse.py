"""A whole `release.toml`, as a mapping, becomes a `Release`; pure, and all problems are told at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from release_tasks.config.benchmarks import read_benchmarks
from release_tasks.config.command import require_placeholders
from release_tasks.config.dataset import read_checkpoint, read_dataset
from release_tasks.config.declared import declared_path
from release_tasks.config.evaluations import read_evaluations
from release_tasks.config.fields import Problems, Table, check_schema, given
from release_tasks.config.parity import read_pairs
from release_tasks.config.publishing import read_destinations
from release_tasks.config.readers import choice, integer, matching, text
from release_tasks.config.release_type import (
    agreed_version,
    check_patch,
    default_scheme,
    read_artifacts_of,
    refuse_foreign,
)
from release_tasks.config.reproduction import read_reproduce
from release_tasks.config.schema import (
    SCHEMA,
    Bundle,
    Environment,
    Numeric,
    Release,
    ReleaseType,
    Root,
    SampleCheck,
    Smoke,
)
from release_tasks.config.steps import COMMAND_HINT, read_command, read_steps
from release_tasks.config.suites import read_suites
from release_tasks.config.versioning import read_rewords, read_versioning
from release_tasks.errors import ConfigError
from release_tasks.records.paths import safe_relpath
from release_tasks.records.version import Scheme, Version, parse_version

_LATER_TABLES = ("sign", "workspace", "cards")
# What the numeric profile sets itself (design §6): letting one in would change the bits unseen.
_PROFILE_PREFIXES = ("OPENBLAS_", "OMP_", "NPY_", "MKL_")
_NAME = matching(
    r"(?=.{1,100}$)[A-Za-z0-9](?:[._-]?[A-Za-z0-9])*",
    "letters and digits with single . _ - between them, at most 100",
)
_ROOT_NAME = matching(r"[a-z][a-z0-9_-]{0,99}", "a-z, then also 0-9 _ -")
_VARIABLE = matching(r"[A-Za-z_][A-Za-z0-9_]*", "the name of an environment variable")


def _name(value: object) -> str:
    return safe_relpath(_NAME(value))  # it names files: no CON, no NUL


def _variable(value: object) -> str:
    name = _VARIABLE(value)
    if name.startswith(_PROFILE_PREFIXES):
        raise ConfigError(
            "variable refused: the numeric profile sets it",
            wanted="a variable that does not begin with " + ", ".join(_PROFILE_PREFIXES),
            found=name,
            hint="choose the profile with numeric in [environment]",
        )
    return name


class _Overrides:
    """The variables of the environment that changed this release, kept as they are used."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.used: dict[str, str] = {}

    def take(self, name: str) -> str | None:
        """An empty variable counts as unset, as CI systems set those they have no value for."""
        value = self._environ.get(name) or None
        if value is not None:
            self.used[name] = value
        return value


def _read_roots(table: Table | None, overrides: _Overrides) -> tuple[Root, ...]:
    if table is None:
        return ()
    roots: list[Root] = []
    variables: dict[str, str] = {}
    for name in table.keys:
        path = table.one(name, text)
        try:
            _ROOT_NAME(name)
        except ConfigError as error:
            table.problem(error, name)
            continue
        variable = "RELEASE_ROOTS_" + name.upper().replace("-", "_")
        if variable in variables:
            table.problem(
                ConfigError(
                    f"two roots are overridden by one variable, {variable}",
                    found=f"{variables[variable]} and {name}",
                ),
                name,
            )
        variables.setdefault(variable, name)
        override = overrides.take(variable)
        if override is not None:
            try:
                path = text(override)
            except ConfigError as error:
                error.where = f"environment variable {variable}"
                table.problem(error, name)
        if path is not None:
            roots.append(Root(name=name, path=path))
    return tuple(sorted(roots, key=lambda root: root.name))


def _read_version(table: Table, scheme: Scheme, overrides: _Overrides) -> Version | None:
    written = table.one(
        "version", lambda value: parse_version(text(value), scheme), required="the version, as 1.0.0"
    )
    override = overrides.take("RELEASE_VERSION")
    if override is None:
        return written
    try:
        return parse_version(override, scheme, where="environment variable RELEASE_VERSION")
    except ConfigError as error:
        table.problem(error, "version")
        return None


def _read_release(table: Table, overrides: _Overrides) -> dict[str, Any]:
    name = table.one("name", _name, required="the name of the release")
    release_type: ReleaseType | None = table.one("type", choice(get_args(ReleaseType)))
    scheme: Scheme | None = table.one("scheme", choice(get_args(Scheme)))
    scheme = scheme or default_scheme(release_type or "model")
    bundles: tuple[Bundle, ...] | None = table.many("bundles", choice(get_args(Bundle)))
    found = given(
        name=name,
        version=_read_version(table, scheme, overrides),
        scheme=scheme,
        bundles=None if bundles is None else tuple(sorted(bundles)),
        type=release_type,
        base=table.one("base", lambda value: parse_version(text(value), scheme).text),
        reason=table.one("reason", text),
        license=table.one("license", text),
        profile=table.one("profile", text),
        policy=table.one("policy", declared_path(roots=None, globs=False)),
        docs_version=table.one("docs_version", text),
        architecture=table.one("architecture", text),
    )
    check_patch(table, found)
    table.close()
    return found


def _check_of_samples(table: Table) -> SampleCheck | tuple[str, ...] | None:
    if table.holds_list("check"):
        return read_command(table, "check", required=None)
    known = choice(get_args(SampleCheck))

    def read(value: object) -> SampleCheck:
        try:
            return known(value)  # type: ignore[no-any-return]
        except ConfigError as error:
            error.wanted = "python, rust, or a command as a list"
            error.hint = error.hint or COMMAND_HINT
            raise

    return table.one("check", read)


def _read_smoke(table: Table | None, roots: frozenset[str]) -> Smoke | None:
    if table is None:
        return None
    command = read_command(table, "command", required="the command as a list of strings")
    found = given(
        check=_check_of_samples(table),
        reads=table.many("reads", declared_path(roots=roots, globs=True)),
        timeout_s=table.one("timeout_s", integer(1, 86_400)),
    )
    table.close()
    if command is None:
        return None
    require_placeholders(table, command, known=("release",))
    return Smoke(command=command, **found)


def _read_environment(table: Table | None) -> Environment | None:
    if table is None:
        return None
    numeric: Numeric | None = table.one("numeric", choice(get_args(Numeric)))
    passed = table.many("pass", _variable)
    table.close()
    return Environment(**given(numeric=numeric, pass_=None if passed is None else tuple(sorted(passed))))


def parse_release(
    document: Mapping[str, object], *, root: Path, file: Path, environ: Mapping[str, str]
) -> Release:
    """Read the mapping of a whole `release.toml`; raises ConfigErrors with every problem of the file.

    `RELEASE_VERSION` and `RELEASE_ROOTS_<NAME>` in `environ` override the file; `root` is the folder that
    relative paths start from, which `RELEASE_ROOT` may have chosen.
    """
    check_schema(document, SCHEMA, label=file.name)
    problems = Problems(file.name, document)
    overrides = _Overrides(environ)
    overrides.take("RELEASE_ROOT")
    top = Table(document, (), problems)
    top.one("schema", integer(SCHEMA, SCHEMA), required=f"schema = {SCHEMA} as the first key")
    release = top.table("release", required="[release] with name and version")
    root_table = top.table("roots")
    roots = _read_roots(root_table, overrides)
    names = frozenset(root_table.keys if root_table else ())
    head = {} if release is None else _read_release(release, overrides)
    release_type: ReleaseType = head.get("type", "model")
    artifacts = read_artifacts_of(release_type, top, names)
    refuse_foreign(release_type, top)
    own_files = {"release.lock", file.name, *({head["policy"]} if "policy" in head else ())}
    steps = read_steps(top.tables("step"), roots=names, own_files=own_files)
    dataset = read_dataset(top.table("dataset"), names)
    if dataset is not None and release is not None and release_type == "dataset":
        dataset = agreed_version(dataset, release, head, top)
    rest = given(
        dataset=dataset,
        checkpoint=read_checkpoint(top.table("checkpoint"), names),
        tests=read_suites(top.table("tests"), names),
        parity=read_pairs(top.table("parity"), names, artifacts),
        evaluations=read_evaluations(top.table("evaluation"), names),
        benchmarks=read_benchmarks(top.table("bench"), names, artifacts),
        smoke=_read_smoke(top.table("smoke"), names),
        environment=_read_environment(top.table("environment")),
        reproduce=read_reproduce(top.table("reproduce")),
        versioning=read_versioning(top.table("versioning")),
        rewords=read_rewords(top.table("changelog")),
        publish=read_destinations(top.table("publish"), names),
    )
    top.close({name: f"[{name}] comes in a later version of release_tasks" for name in _LATER_TABLES})
    problems.check()
    if artifacts is None:
        raise AssertionError("BUG: no artifacts and no problem")
    return Release(
        root=root,
        file=file,
        artifacts=artifacts,
        steps=steps,
        roots=roots,
        overrides=tuple(sorted(overrides.used.items())),
        **head,
        **rest,
    )
