"""Text that people wrote in a file: UTF-8 without what no reader sees."""

from __future__ import annotations

import re
import unicodedata

from release_tasks.errors import FormatError

# Controls but tab and newline, and what turns the order of letters round (UAX #9, explicit formatting).
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def read_hand_text(data: bytes, *, where: str) -> str:
    """Decode a text; a byte order mark is dropped, and every line ends with LF.

    Raises FormatError for bytes that are not UTF-8, and for control characters, with the line.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = f"byte 0x{error.object[error.start]:02x} at offset {error.start}"
        raise FormatError("not text", wanted="UTF-8", found=found, where=where) from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    hidden = _HIDDEN.search(text)
    if hidden is not None:
        code = ord(hidden[0])
        raise FormatError(
            "a character that no reader sees",
            wanted="text without control characters",
            found=f"U+{code:04X} {unicodedata.name(hidden[0], 'CONTROL')}",
            where=f"{where}:{text.count(chr(10), 0, hidden.start()) + 1}",
        )
    return text
