"""Digests with their algorithm's name, never a bare string of hex."""

from __future__ import annotations

import re
from dataclasses import dataclass

from release_tasks.errors import FormatError

_SHAPE = re.compile(r"(sha256|blake3):([0-9a-f]{64})", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """One hash of some bytes: `sha256` (FIPS 180-4) or `blake3`, 64 lower-case hex digits."""

    algorithm: str
    hex: str

    def __post_init__(self) -> None:
        if self.algorithm not in {"sha256", "blake3"} or not _HEX.fullmatch(self.hex):
            raise FormatError(
                "not a digest",
                wanted="sha256 or blake3 and 64 lower-case hex digits",
                found=f"{self.algorithm}:{self.hex}"[:100],
            )

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"

    @property
    def short(self) -> str:
        """The first 16 hex digits, for people."""
        return self.hex[:16]


def short_digest(written: object, *, absent: str = "nothing") -> str:
    """A written digest, shortened for people to its first 16 digits; `absent` where there is none."""
    return absent if written is None else str(written).removeprefix("sha256:")[:16]


def sha256(hex_digits: str) -> Digest:
    """Name 64 hex digits as a SHA-256."""
    return Digest("sha256", hex_digits)


def parse_digest(text: str) -> Digest:
    """Read `sha256:<64 hex>`; raises FormatError on any other algorithm, length or letter case."""
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise FormatError("not a digest", wanted="sha256:<64 lower-case hex digits>", found=text[:100])
    return Digest(match[1], match[2])
