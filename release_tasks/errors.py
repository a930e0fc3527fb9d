"""Every error that a user can meet: what, wanted, found, where, how to mend."""

from __future__ import annotations

from typing import ClassVar


class ReleaseError(Exception):
    """A failure that the user can mend.

    The text is one paragraph per field: what went wrong, then `wanted`, `found`, `where` (file and
    dotted key, or path) and `hint`. Fields come first so that `--json` can print them apart.
    """

    exit_code: ClassVar[int] = 2  # doit's: 1 refused, 2 broke while running, 3 bad configuration
    code: ClassVar[str] = "ERROR"

    def __init__(
        self,
        what: str,
        *,
        wanted: str | None = None,
        found: str | None = None,
        where: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.wanted = wanted
        self.found = found
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        labels = ("wanted", "found", "where", "hint")
        values = (self.wanted, self.found, self.where, self.hint)
        width = max((len(name) for name, value in zip(labels, values, strict=True) if value), default=0)
        lines = [self.what]
        for name, value in zip(labels, values, strict=True):
            if value:
                head, *rest = value.splitlines()
                lines.append(f"  {name + ':':<{width + 1}} {head}")
                lines.extend(f"  {'':<{width + 1}} {line}" for line in rest)
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders under `-n 2`; the default reduce loses keyword fields.
        return (_rebuild, (type(self), dict(self.__dict__)))


def _rebuild(cls: type[ReleaseError], fields: dict[str, object]) -> ReleaseError:
    error = cls.__new__(cls)
    error.__dict__.update(fields)
    error.args = (fields["what"],)
    return error


class ConfigError(ReleaseError):
    """`release.toml`, the policy or the command line says something we cannot act on."""

    exit_code = 3
    code = "CONFIG_INVALID"


class ConfigErrors(ConfigError):
    """All problems of one configuration at once, in the order of the file."""

    def __init__(self, problems: tuple[ConfigError, ...]) -> None:
        count = len(problems)
        super().__init__(f"{count} problem{'s' if count != 1 else ''} in the configuration")
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join((f"{self.what}:", *(str(problem) for problem in self.problems)))


class PathError(ConfigError):
    """A path that would leave its tree or cannot live on every file system."""

    code = "PATH_REFUSED"


class FormatError(ReleaseError):
    """Bytes that are not what their format promises."""

    exit_code = 1
    code = "FORMAT_INVALID"


class IntegrityError(ReleaseError):
    """Bytes that are not the bytes that were promised."""

    exit_code = 1
    code = "INTEGRITY"


class GateRefused(ReleaseError):
    """A gate that said no; the verdict has the evidence."""

    exit_code = 1
    code = "GATE_REFUSED"


class SealedError(ReleaseError):
    """An attempt to change a release that is already sealed."""

    exit_code = 1
    code = "SEALED"


class CommandFailed(ReleaseError):
    """A command of the user that ended with an error, was killed or left no output."""

    code = "COMMAND_FAILED"


class CommandTimedOut(CommandFailed):
    """A command was stopped at its time limit."""

    code = "SYSTEM_TIMEOUT"


class CommandKilled(CommandFailed):
    """A command was killed by SIGKILL, as a kernel short of memory does."""

    code = "SYSTEM_MEMORY_EXCEEDED"


class EnvironmentRefused(ReleaseError):
    """A machine or interpreter that cannot give the promised numeric profile or tool."""

    code = "ENVIRONMENT"


class StorageError(ReleaseError):
    """The disk said no: full, read-only, in use or changed under our hands."""

    code = "STORAGE"


class RemoteError(ReleaseError):
    """Another machine, or a repository on it, that cannot be reached or refuses what it is sent."""

    code = "REMOTE"


class RegistryError(ReleaseError):
    """A destination that cannot be reached, says no, or did not keep what it was sent."""

    code = "REGISTRY"
