"""Checks of single texts: is it text, how long is it, in which language, and whose pronouns has it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from release_tasks.config.schema import Language
from release_tasks.policy.language_profiles import DECLARED, PRONOUNS, STOP_WORDS
from release_tasks.records.json_value import JSON

_WORD = re.compile(r"[^\W\d_]+")
_BROKEN = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd\ufffe\uffff]")
_ENOUGH = 5  # function words below which a text says nothing about its language


def parse_problem(text: str) -> str | None:
    """Why a string is no text, None when it is: it must say something, and hold what a decoder can leave.

    Control characters but tab, line feed and carriage return, U+FFFD and noncharacters are the marks of
    bytes that were no text, or of another encoding.
    """
    if not text.strip():
        return "nothing but white space"
    broken = _BROKEN.search(text)
    return None if broken is None else f"U+{ord(broken[0]):04X} at character {broken.start()}"


def words_of(text: str) -> list[str]:
    """The words of a text: runs of letters, composed and case folded."""
    return _WORD.findall(unicodedata.normalize("NFC", text).casefold())


def language_of(words: Sequence[str], declared: Language) -> Language | None:
    """The language whose function words are the most frequent, the declared one where it is among them.

    None when even that one has fewer than five: short texts, code and tables say nothing.
    """
    hits = {name: sum(word in known for word in words) for name, known in STOP_WORDS.items()}
    most = max(hits.values())
    if most < _ENOUGH:
        return None
    return declared if hits[declared] == most else next(name for name, count in hits.items() if count == most)


def pronouns_differ(words: Sequence[str], declared: JSON, language: Language) -> bool:
    """Whether a text has more third-person pronouns of another gender than of the declared one.

    A declaration that is none of `language_profiles.DECLARED` says nothing. Under a neutral one a text
    differs when it has any gendered pronoun.
    """
    wanted = DECLARED.get(declared.casefold()) if isinstance(declared, str) else None
    feminine, masculine = (sum(word in known for word in words) for known in PRONOUNS[language])
    match wanted:
        case "feminine":
            return masculine > feminine
        case "masculine":
            return feminine > masculine
        case "neutral":
            return feminine + masculine > 0
        case _:
            return False
