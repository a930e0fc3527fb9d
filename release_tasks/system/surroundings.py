"""The surroundings of a command: what it sees of the machine beside its numeric profile and its files."""

from __future__ import annotations

from release_tasks.records.frozen_record import frozen


@frozen
class Surroundings:
    """What a command sees; the default is what every ordinary command sees, the same on every machine.

    `build` is the working directory in the sandbox, and below the staging folder without one; `user`, `uid`,
    `gid` and `hostname` of the default are those of the sandbox, and without one those of the machine.
    `affinity` are the CPUs it may use, empty for as many as we may. `directory_order` are the options of
    disorderfs, empty for the order of the file system. `own_shared_memory`: /dev/shm is its own, as it always
    is in the sandbox. `variables` are added to its environment, or replace
    it there; `wrapper` are words before its command line; `ambient` are variables around the worker.
    """

    build: str = "/build"
    home: str = "/home/build"
    user: str = "build"
    uid: int = 1000
    gid: int = 1000
    hostname: str = "sandbox"
    umask: int = 0o022
    timezone: str = "UTC"
    locale: str = "C.UTF-8"
    hash_seed: str = "0"
    affinity: tuple[int, ...] = ()
    directory_order: tuple[str, ...] = ()
    own_shared_memory: bool = False
    variables: tuple[tuple[str, str], ...] = ()
    wrapper: tuple[str, ...] = ()
    ambient: tuple[tuple[str, str], ...] = ()


ORDINARY = Surroundings()
