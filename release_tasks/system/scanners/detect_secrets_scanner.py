"""Secrets by the detectors of detect-secrets: their patterns and entropies, in our own pass over the text.

Only the detectors are used. The library's own file scan stops at the first hit of a file, honours comments
that excuse a line, skips files by their suffix, and may send what it finds to the service that issued it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from itertools import pairwise

from detect_secrets.filters.heuristic import (
    is_indirect_reference,
    is_not_alphanumeric_string,
    is_potential_uuid,
    is_prefixed_with_dollar_sign,
    is_sequential_string,
    is_templated_secret,
)
from detect_secrets.plugins.artifactory import ArtifactoryDetector
from detect_secrets.plugins.aws import AWSKeyDetector
from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
from detect_secrets.plugins.base import RegexBasedDetector
from detect_secrets.plugins.basic_auth import BasicAuthDetector
from detect_secrets.plugins.cloudant import CloudantDetector
from detect_secrets.plugins.discord import DiscordBotTokenDetector
from detect_secrets.plugins.github_token import GitHubTokenDetector
from detect_secrets.plugins.gitlab_token import GitLabTokenDetector
from detect_secrets.plugins.high_entropy_strings import Base64HighEntropyString, HexHighEntropyString
from detect_secrets.plugins.ibm_cloud_iam import IbmCloudIamDetector
from detect_secrets.plugins.ibm_cos_hmac import IbmCosHmacDetector
from detect_secrets.plugins.jwt import JwtTokenDetector
from detect_secrets.plugins.keyword import DENYLIST, KeywordDetector
from detect_secrets.plugins.mailchimp import MailchimpDetector
from detect_secrets.plugins.npm import NpmDetector
from detect_secrets.plugins.openai import OpenAIDetector
from detect_secrets.plugins.private_key import PrivateKeyDetector
from detect_secrets.plugins.pypi_token import PypiTokenDetector
from detect_secrets.plugins.sendgrid import SendGridDetector
from detect_secrets.plugins.slack import SlackDetector
from detect_secrets.plugins.softlayer import SoftlayerDetector
from detect_secrets.plugins.square_oauth import SquareOAuthDetector
from detect_secrets.plugins.stripe import StripeDetector
from detect_secrets.plugins.telegram_token import TelegramBotTokenDetector
from detect_secrets.plugins.twilio import TwilioKeyDetector

from release_tasks.formats.text_lines import Line, value_of
from release_tasks.policy.digest_words import HEX, digests
from release_tasks.system.scanners.planted import PLANTED
from release_tasks.system.scanners.protocol import Document, Hit, ScanResult, fingerprint, unique

NAME = "detect-secrets"


class HuggingFaceTokenDetector(RegexBasedDetector):
    """User access tokens of Hugging Face, which detect-secrets does not know."""

    secret_type = "Hugging Face Token"  # noqa: S105 - the name of a rule
    denylist = (re.compile(r"\b(?:hf|api_org)_[A-Za-z]{34}\b"),)


class GoogleKeyDetector(RegexBasedDetector):
    """API keys of Google."""

    secret_type = "Google API Key"  # noqa: S105 - the name of a rule
    denylist = (re.compile(r"\bAIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])"),)


class AnthropicKeyDetector(RegexBasedDetector):
    """API keys of Anthropic."""

    secret_type = "Anthropic API Key"  # noqa: S105 - the name of a rule
    denylist = (re.compile(r"\bsk-ant-[a-z]+\d\d-[A-Za-z0-9_-]{80,}"),)


class AnyPrivateKeyDetector(PrivateKeyDetector):
    """Private keys with every label of RFC 7468, encrypted ones too, and of PuTTY and age."""

    denylist = [  # noqa: RUF012 - a list in the class that it extends
        re.compile(r"BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?"),
        re.compile(r"PuTTY-User-Key-File-\d"),
        re.compile(r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    ]


# Exact enough for vocabularies, where any word may stand.
_EXACT = (
    AnyPrivateKeyDetector, AnthropicKeyDetector, AzureStorageKeyDetector, GitHubTokenDetector,
    GitLabTokenDetector, GoogleKeyDetector, HuggingFaceTokenDetector, OpenAIDetector, PypiTokenDetector,
    SendGridDetector, StripeDetector,
)  # fmt: skip
_PATTERNS = (
    *_EXACT, ArtifactoryDetector, AWSKeyDetector, BasicAuthDetector, CloudantDetector,
    DiscordBotTokenDetector, IbmCloudIamDetector, IbmCosHmacDetector, JwtTokenDetector, MailchimpDetector,
    NpmDetector, SlackDetector, SoftlayerDetector, SquareOAuthDetector, TelegramBotTokenDetector,
    TwilioKeyDetector,
)  # fmt: skip
_AWS_ID = re.compile(r"(?<![0-9A-Za-z])(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![0-9A-Za-z])")
_TOKEN = re.compile(r"[A-Za-z0-9+/_-]{20,2000}={0,2}")
_KEYWORD = re.compile("|".join(DENYLIST), re.IGNORECASE)
_KEYWORD_LINE = 400  # characters; the patterns for keywords walk back and forth
_PLACEHOLDERS = frozenset({"hard", "soft", "off", "none", "null", "true", "false", "yes", "no", "changeme"})
# In random text the kind of character (upper, lower, digit) changes at 6 of 10 places, in paths rarely.
_LEAST_CHANGES = 0.3
_PRIVATE_KEY = AnyPrivateKeyDetector.secret_type
_KEY_CHARACTERS = 8192


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    rule: str
    secret: str


def _changes(token: str) -> float:
    kinds = ["d" if char.isdigit() else "u" if char.isupper() else "l" for char in token if char.isalnum()]
    changed = sum(one != other for one, other in pairwise(kinds))
    return changed / max(len(kinds) - 1, 1)


class _Rules:
    """The detectors, made once; building one compiles its patterns."""

    def __init__(self) -> None:
        self.exact = tuple((cls.secret_type, tuple(cls.denylist)) for cls in _EXACT)
        self.patterns = tuple((cls.secret_type, tuple(cls.denylist)) for cls in _PATTERNS)
        self.jwt: Callable[[str], bool] = JwtTokenDetector.is_formally_valid
        self.base64 = Base64HighEntropyString()
        self.hex = HexHighEntropyString()
        self.keyword = KeywordDetector()

    def matches(self, text: str, *, exact: bool) -> Iterator[_Span]:
        for rule, patterns in self.exact if exact else self.patterns:
            for pattern in patterns:
                for match in pattern.finditer(text):
                    if rule == JwtTokenDetector.secret_type and not self.jwt(match[0]):
                        continue
                    secret = _whole_key(text, match) if rule == _PRIVATE_KEY else match[0]
                    yield _Span(match.start(), match.start() + len(secret), rule, secret)
        if exact:
            for match in _AWS_ID.finditer(text):
                yield _Span(match.start(), match.end(), AWSKeyDetector.secret_type, match[0])

    def random(self, document: Document) -> Iterator[_Span]:
        text = document.joined.text
        known = {place for place, _ in digests(document.joined)}
        for match in HEX.finditer(text):
            if match.start() in known or document.holds_digests:
                continue
            if self.hex.calculate_shannon_entropy(match[0]) > self.hex.entropy_limit:
                yield _Span(match.start(), match.end(), self.hex.secret_type, match[0])
        for match in _TOKEN.finditer(text):
            if self._is_random(match[0]):
                yield _Span(match.start(), match.end(), self.base64.secret_type, match[0])

    def _is_random(self, token: str) -> bool:
        if HEX.fullmatch(token) or is_potential_uuid(token) or is_sequential_string(token):
            return False
        if _changes(token) < _LEAST_CHANGES:
            return False
        return bool(self.base64.calculate_shannon_entropy(token) > self.base64.entropy_limit)

    def keywords(self, document: Document) -> Iterator[_Span]:
        """Passwords by their names; the name of a JSON string is no part of its line."""
        joined = document.joined
        start = 0
        for line in joined.lines:
            if len(line.text) <= _KEYWORD_LINE and (_KEYWORD.search(line.text) or _KEYWORD.search(line.name)):
                for secret in self._named(line):
                    yield _Span(start, start + len(line.text), self.keyword.secret_type, secret)
            start += len(line.text) + 1

    def _named(self, line: Line) -> Iterator[str]:
        value = value_of(line)
        is_pair = bool(line.name) and bool(value) and not re.search(r"[\s\"']", value)
        shown = f'{line.name}: "{value}"' if is_pair else line.text
        for secret in self.keyword.analyze_string(shown):
            harmless = (
                is_templated_secret(secret)
                or is_prefixed_with_dollar_sign(secret)
                or is_not_alphanumeric_string(secret)
                or is_indirect_reference(line.text)
                or secret.casefold() in _PLACEHOLDERS
                or secret.startswith(("sha256:", "blake3:"))
            )
            if not harmless:
                yield secret


def _whole_key(text: str, match: re.Match[str]) -> str:
    """A private key with its body, so that another key under the same label is another secret."""
    end = text.find("END ", match.end(), match.end() + _KEY_CHARACTERS)
    return text[match.start() : end if end >= 0 else match.end() + _KEY_CHARACTERS]


@cache
def _rules() -> _Rules:
    return _Rules()


def _spans(document: Document) -> Iterator[_Span]:
    """All findings, without the vaguer ones that stand inside a more exact one."""
    rules = _rules()
    if document.depth == "patterns":
        yield from rules.matches(document.text, exact=True)
        return
    taken: list[_Span] = []
    for found in (
        rules.matches(document.joined.text, exact=False),
        rules.random(document),
        rules.keywords(document),
    ):
        taken += _outside(taken, found)
    yield from taken


def _outside(taken: Sequence[_Span], found: Iterator[_Span]) -> list[_Span]:
    """Those of the found spans that overlap none of the taken ones."""
    covered: list[tuple[int, int]] = []
    for span in sorted(taken, key=lambda span: span.start):
        if covered and span.start < covered[-1][1]:
            covered[-1] = (covered[-1][0], max(covered[-1][1], span.end))
        else:
            covered.append((span.start, span.end))
    free = []
    for span in found:
        last = bisect_left(covered, (span.end, 0)) - 1
        if last < 0 or covered[last][1] <= span.start:
            free.append(span)
    return free


def _hits(document: Document) -> Iterator[Hit]:
    for span in _spans(document):
        if document.depth == "patterns":
            line = document.text.count("\n", 0, span.start) + 1
        else:
            line = document.joined.line(span.start).number
        yield Hit(document.path, line, span.rule, fingerprint(document.path, span.rule, span.secret))


class DetectSecretsScanner:
    """The detectors of detect-secrets, in this process."""

    def scan(self, documents: Sequence[Document]) -> ScanResult:
        """Find every planted secret by its own rule first, then scan the documents."""
        missed = [
            rule
            for rule, text in PLANTED.items()
            if rule not in {hit.rule for hit in _hits(Document("planted.txt", text))}
        ]
        exact = {rule for rule, _ in _rules().exact} | {AWSKeyDetector.secret_type}
        missed += [
            f"{rule} (vocabulary)"
            for rule in sorted(exact)
            if rule not in {hit.rule for hit in _hits(Document("planted.json", PLANTED[rule], "patterns"))}
        ]
        return ScanResult(
            name=NAME,
            version=version(NAME),
            hits=unique(hit for document in documents for hit in _hits(document)),
            controls=len(PLANTED) + len(exact),
            missed=tuple(missed),
        )


def make() -> DetectSecretsScanner:
    """Make the scanner."""
    return DetectSecretsScanner()
