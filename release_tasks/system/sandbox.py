"""A bubblewrap sandbox: the interpreter and the declared files read-only, one writable folder, no network."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import release_tasks
from release_tasks.system.surroundings import ORDINARY, Surroundings

# What the command sees, the same on every machine, so that no path leaks into its outputs.
REPORT = "/report"
PROBE = "/probe"

_LIFE = ("--die-with-parent", "--new-session")
_ETC = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "nsswitch.conf", "mime.types")
_ETC_NETWORK = ("resolv.conf", "hosts", "ssl", "pki", "ca-certificates", "services", "protocols")
_STORES = ("/nix/store", "/gnu/store")
# Below /proc: what lets a user make namespaces, or forbids it.
_RULES = (
    "sys/kernel/random/boot_id",
    "sys/kernel/unprivileged_userns_clone",
    "sys/kernel/apparmor_restrict_unprivileged_userns",
    "sys/user/max_user_namespaces",
    "sys/user/max_mnt_namespaces",
    "sys/user/max_pid_namespaces",
    "sys/user/max_net_namespaces",
    "self/attr/current",
)


@functools.cache
def why_not() -> str | None:
    """Why there can be no sandbox here, or None; found out by starting one, once per process."""
    if sys.platform != "linux":
        return f"bubblewrap needs Linux, this is {sys.platform}"
    program = _program()
    if program is None:
        return "bubblewrap is not installed"
    line = [program, *_identity(ORDINARY), *_LIFE, *_system()]
    line += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]  # noqa: S108 - a mount of its own
    done = subprocess.run(
        [*line, "--", "true"], capture_output=True, check=False, env={"PATH": "/usr/bin:/bin"}
    )
    if done.returncode == 0:
        return None
    said = done.stderr.decode(errors="replace").strip().splitlines()
    return f"bubblewrap does not work here ({said[0] if said else f'exit code {done.returncode}'})"


def conditions() -> str:
    """What the answer of `why_not` depends on: program, boot, user, namespaces and the kernel's rules.

    Two processes that read the same text here get the same answer, so that it may be remembered.
    """
    program = _program()
    if program is None or sys.platform != "linux":
        return f"{sys.platform} {program}"
    status = os.stat(program)  # noqa: PTH116 - on every run
    parts = [f"{program} {status.st_mode} {status.st_size} {status.st_mtime_ns} {status.st_ino}"]
    for name in _RULES:
        try:
            with Path(f"/proc/{name}").open(encoding="ascii", errors="replace") as rules:
                parts.append(rules.read())
        except OSError:
            parts.append("-")
    kept = ("Uid:", "Gid:", "Cap", "NoNewPrivs:", "Seccomp")
    with Path("/proc/self/status").open(encoding="utf-8", errors="replace") as lines:
        parts += [line for line in lines if line.startswith(kept)]
    parts += [os.readlink(f"/proc/self/ns/{name}") for name in ("user", "mnt", "pid", "net")]  # noqa: PTH115
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


@contextlib.contextmanager
def sandboxed(
    argv: Sequence[str],
    *,
    root: Path,
    work: Path,
    report: Path,
    probe: Path,
    shown: Iterable[tuple[Path, str]],
    outside: Iterable[Path],
    env: Mapping[str, str],
    network: bool,
    surroundings: Surroundings = ORDINARY,
    through: str = "",
) -> Iterator[tuple[list[str], tuple[int, ...]]]:
    """The command line that runs `argv` in a sandbox, and the file descriptors to pass to it.

    `work` is writable at /build, with every (source, relative path) of `shown` read-only inside; `report` is
    writable at /report; files of `outside` are shown read-only at their own paths. The folder `root` stays
    out of sight, but for a virtual environment inside it. `surroundings` may give /build and who runs there
    another name; folders are then taken from the mirror of the whole file system at `through`, if there is
    one. The descriptors close at the end of the context.
    """
    build = surroundings.build
    options = [
        *_identity(surroundings),
        *(("--share-net",) if network else ()),
        *_LIFE,
        *_system(network=network),
    ]
    options += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", surroundings.home]  # noqa: S108
    options += _interpreter(root)
    options += ["--bind", f"{through}{work}", build, "--bind", str(report), REPORT]
    options += ["--ro-bind", str(probe), PROBE]
    for source, path in shown:
        prefix = through if through and source.is_dir() else ""
        options += ["--ro-bind", f"{prefix}{source.resolve()}", f"{build}/{path}"]
    for place in outside:
        options += ["--ro-bind", str(place.resolve()), str(place)]
    with contextlib.ExitStack() as stack:
        descriptors = [_memory(stack, content) for content in _accounts(surroundings)]
        for number, name in zip(descriptors, ("passwd", "group"), strict=True):
            options += ["--ro-bind-data", str(number), f"/etc/{name}"]
        options += ["--remount-ro", "/", "--chdir", build, "--clearenv"]
        for name, value in sorted(env.items()):
            options += ["--setenv", name, value]
        descriptors.append(_memory(stack, b"".join(os.fsencode(option) + b"\0" for option in options)))
        yield [_program() or "bwrap", "--args", str(descriptors[-1]), "--", *argv], tuple(descriptors)


def _identity(surroundings: Surroundings) -> tuple[str, ...]:
    uid, gid = str(surroundings.uid), str(surroundings.gid)
    return ("--unshare-all", "--uid", uid, "--gid", gid, "--hostname", surroundings.hostname)


def _accounts(surroundings: Surroundings) -> tuple[bytes, bytes]:
    """/etc/passwd and /etc/group: root and who runs the command."""
    user, uid, gid = surroundings.user, surroundings.uid, surroundings.gid
    passwd = f"root:x:0:0:root:/root:/bin/sh\n{user}:x:{uid}:{gid}:{user}:{surroundings.home}:/bin/sh\n"
    return passwd.encode(), f"root:x:0:\n{user}:x:{gid}:\n".encode()


def _program() -> str | None:
    return shutil.which("bwrap")


def _memory(stack: contextlib.ExitStack, content: bytes) -> int:
    number = os.memfd_create("sandbox")
    stack.callback(os.close, number)
    with open(number, "wb", closefd=False) as stream:
        stream.write(content)
    os.lseek(number, 0, os.SEEK_SET)
    return number


def _system(*, network: bool = False) -> list[str]:
    options = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        place = Path("/", name)
        if place.is_symlink():
            options += ["--symlink", str(place.readlink()), str(place)]
        elif place.is_dir():
            options += ["--ro-bind", str(place), str(place)]
    for name in (*_ETC, *(_ETC_NETWORK if network else ())):
        place = Path("/etc", name)
        if place.exists():
            options += ["--ro-bind", str(place.resolve()), str(place)]
    return options


def _interpreter(root: Path) -> list[str]:
    """Binds for the running interpreter; where they would show the project, it is covered first."""
    # An editable install of this package lies elsewhere, and its pytest plugin must be found as in any other.
    package = Path(release_tasks.__file__).parent
    places = {package, *(Path(place) for place in (sys.prefix, sys.exec_prefix, sys.base_prefix))}
    places |= {place.resolve() for place in places} | set(_links(Path(sys.executable)))
    places |= {Path(store) for store in _STORES if Path(store).is_dir()}
    if root in places:  # the project is itself the environment: only the environment's own parts
        places.remove(root)
        places |= {root / name for name in ("bin", "lib", "lib64", "pyvenv.cfg") if (root / name).exists()}
    places -= {Path("/"), Path("/usr")}
    places = {
        place
        for place in places
        if not any(place != other and place.is_relative_to(other) for other in (*places, Path("/usr")))
        or (place.is_relative_to(root) and not any(_between(root, place, other) for other in places))
    }
    inside = sorted(place for place in places if place.is_relative_to(root))
    around = sorted(places.difference(inside))
    options = [word for place in around for word in ("--ro-bind", str(place.resolve()), str(place))]
    if any(root.is_relative_to(other) for other in (*around, Path("/usr"))):
        options += ["--tmpfs", str(root)]
    options += [word for place in inside for word in ("--ro-bind", str(place.resolve()), str(place))]
    options += [word for place in _installed(package) for word in ("--ro-bind", str(package), place)]
    return options


def _installed(package: Path) -> list[str]:
    """Where the command would find this package when the one that runs came by PYTHONPATH."""
    places = (
        f"{entry}{os.sep}{package.name}" for entry in dict.fromkeys(sys.path) if Path(entry).is_absolute()
    )
    return [place for place in places if place != str(package) and Path(place, "__init__.py").is_file()]


def _between(root: Path, place: Path, other: Path) -> bool:
    """Whether `other` lies inside of `root` and already shows `place`."""
    return place != other and place.is_relative_to(other) and other.is_relative_to(root)


def _links(executable: Path) -> Iterator[Path]:
    """Every file on the way from `executable` to the real interpreter."""
    seen = executable
    while seen.is_symlink():
        yield seen
        seen = Path(os.path.normpath(seen.parent / seen.readlink()))
    yield seen
