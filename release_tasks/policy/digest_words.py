"""Which hex strings of a text are digests: what is published to be compared is no secret."""

from __future__ import annotations

import re
from collections.abc import Iterator

from release_tasks.formats.text_lines import JoinedLines

HEX = re.compile(r"(?<![0-9A-Za-z+])[0-9a-fA-F]{20,}(?![0-9A-Za-z+])")
_LENGTHS = frozenset({32, 40, 48, 56, 64, 96, 128})  # MD5 to SHA-512
# The word right before a digest, in a key or in running text: `sha256:`, `git_commit`, `Commit: `, `etag=`.
_WORD = re.compile(
    r"(?:^|[^a-z0-9])(?:sha-?(?:1|224|256|384|512)?|blake[23][bs]?(?:-?\d+)?|md5|digest|checksum|sum|[a-z0-9_-]*hash"
    r"|[a-z0-9_-]*commit|[a-z0-9_-]*revision|(?:exact_)?root|fingerprint|head|etag|tree)s?"
    r"(?:_?id)?[\"'\s:=@(/_-]*$",
    re.IGNORECASE,
)
_CREDENTIAL = re.compile(r"passw|pwd|secret|credential|auth|salt|api")  # the hash of a password is a secret
_CHECKSUM_LINE = re.compile(r" [ *]\S")  # what `sha256sum` writes behind a digest


def is_digest(token: str, *, name: str, before: str, after: str) -> bool:
    """Tell whether a hex string is a digest: by its length, and by the word before it or the name over it.

    `before` and `after` are the text around it in its line, `name` is the key under which the line stands.
    """
    if len(token) not in _LENGTHS:
        return False
    if not before.strip() and _CHECKSUM_LINE.match(after):
        return True
    names = before.lower() if before.strip(" \"'") else name.lower()
    return bool(_WORD.search(names)) and not _CREDENTIAL.search(names)


def digests(joined: JoinedLines) -> Iterator[tuple[int, str]]:
    """Find every digest of a text: its place and itself."""
    for match in HEX.finditer(joined.text):
        line = joined.line(match.start())
        before = joined.before(match.start())
        after = joined.text[match.end() : match.end() + 3]
        if is_digest(match[0], name=line.name, before=before, after=after):
            yield match.start(), match[0]
