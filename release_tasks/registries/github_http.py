"""GitHub's REST API by the standard library: the one module of the product that opens sockets itself.

Retries are bounded, and made only where asking again does no harm; the token is never printed.
"""

from __future__ import annotations

import hashlib
import http.client
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from typing import IO, BinaryIO

from release_tasks.errors import ConfigError, FormatError, RegistryError
from release_tasks.formats.canonical_json import dump_canonical
from release_tasks.formats.json_field import Field, read_fields
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSONObject
from release_tasks.system.storage import storage_errors

API_URL = "https://api.github.com"
_API_VERSION = "2022-11-28"
_TOKENS = ("GH_TOKEN", "GITHUB_TOKEN")  # in the order of gh(1)
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_SILENCE_S = 60.0  # a connection on which nothing comes for so long is dead
_PAUSES_S = (1.0, 2.0, 4.0)  # before the second, third and last attempt
_LONGEST_PAUSE_S = 60.0  # a server that asks for more is told to the user instead
_CHUNK = 1 << 20
_MAX_JSON = 16 << 20
_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_REDIRECTS = 5
_MOST_PAGES = 1000
_REDIRECTION, _ERROR, _FAILURE = 300, 400, 500  # RFC 9110, 15
_LIMITED = {403, 429}


class InterruptedRequest(Exception):
    """A request that may have been carried out or not: the connection broke, or the server failed.

    `pause` are the seconds that the server asks us to wait, None when it does not say.
    """

    def __init__(self, error: RegistryError, pause: float | None = None) -> None:
        super().__init__(error.what)
        self.error = error
        self.pause = pause


@frozen
class Answer:
    """An answer with its body, which of an error is what the server says of it."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def fields(self, where: str) -> Field:
        """The body as JSON; raises RegistryError, and its fields FormatError, for what GitHub never says."""
        try:
            return read_fields(self.body, where=where)
        except FormatError as error:
            raise RegistryError(
                "this is not GitHub's answer",
                wanted="JSON",
                found=f"{error.what}: {error.found}" if error.found else error.what,
                where=where,
                hint="is GITHUB_API_URL right, or does a proxy answer in its place?",
            ) from None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Redirects are ours to follow: the token must not travel to another host."""

    def redirect_request(  # noqa: PLR0917 - as urllib calls it
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        """Follow nothing."""


class GithubApi:
    """One API, its base in GITHUB_API_URL as Actions sets it; `wait` sleeps that many seconds."""

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        told: Callable[[str, str], None],
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self.base = (environ.get("GITHUB_API_URL") or API_URL).rstrip("/")
        token = next((environ[name] for name in _TOKENS if environ.get(name)), "").strip()
        if not token or not token.isprintable() or not token.isascii():
            raise ConfigError(
                "no token for GitHub",
                wanted=f"a token in {' or '.join(_TOKENS)}, with the right to write contents",
                found="none" if not token else "text that is no token",
                where=f"environment variable {_TOKENS[0]}",
                hint="under Actions: GITHUB_TOKEN: ${{ github.token }} and permissions: contents: write",
            )
        self._token = token
        self._told = told
        self._wait = wait
        self._opener = urllib.request.build_opener(_NoRedirect())
        self._require_safe(self.base, "environment variable GITHUB_API_URL")

    def get(self, path: str, *, none: frozenset[int] = frozenset()) -> Answer:
        """Ask for JSON below the base; a status in `none` is an answer too, any other error is raised."""
        return self._patiently(lambda: self._json("GET", self.base + path, None), none=none)

    def pages(self, path: str) -> Iterator[Field]:
        """Every element of a list, page by page (100 each)."""
        for number in range(1, _MOST_PAGES + 1):
            rows = self.get(f"{path}?per_page=100&page={number}").fields(path).items()
            yield from rows
            if len(rows) < 100:
                return
        raise RegistryError("GitHub lists without end", found=f"{_MOST_PAGES} full pages", where=path)

    def patch(self, path: str, value: JSONObject) -> Answer:
        """Set what is named, which may be done twice."""
        return self._patiently(lambda: self._json("PATCH", self.base + path, dump_canonical(value)))

    def delete(self, path: str) -> None:
        """Remove what is named; that it is not there is fine."""
        self._patiently(lambda: self._json("DELETE", self.base + path, None), none=frozenset({404}))

    def post(self, path: str, value: JSONObject) -> Answer:
        """Create something, once: raises InterruptedRequest when it may have been created."""
        return self._checked(self._json("POST", self.base + path, dump_canonical(value)))

    def upload(self, url: str, file: Path, *, size: int, media_type: str) -> Answer:
        """Send a file, once; errors as `post`."""
        self._require_safe(url, "upload_url of the release")
        with file.open("rb") as stream:
            headers = {"Content-Type": media_type, "Content-Length": str(size)}
            return self._checked(self._send("POST", url, headers, stream))

    def digest(self, path: str, out: BinaryIO | None = None) -> tuple[int, str]:
        """Download bytes to `out`, if given, and return their number and SHA-256."""

        def once() -> Answer:
            if out is not None:
                out.seek(0)
                out.truncate()
            hasher = hashlib.sha256()
            count = 0
            with self._opened(self.base + path) as (answer, stream):
                if stream is None:
                    return answer
                while chunk := stream.read(_CHUNK):
                    hasher.update(chunk)
                    count += len(chunk)
                    if out is not None:
                        with storage_errors(str(out.name)):
                            out.write(chunk)
                said = answer.headers.get("content-length")
            if said is not None and said != str(count):
                raise InterruptedRequest(_broken(path, f"{count} of {said} bytes"))
            return Answer(status=200, headers={}, body=f"{count} {hasher.hexdigest()}".encode())

        count, digits = self._patiently(once).body.decode().split()
        return int(count), digits

    def pause(self, attempt: int, interrupted: InterruptedRequest) -> None:
        """Wait after the failed attempt 0, 1 or 2; raises the error of the last one."""
        if attempt == len(_PAUSES_S):
            raise interrupted.error from None
        self._told("wait", interrupted.error.what)
        self._wait(_PAUSES_S[attempt] if interrupted.pause is None else interrupted.pause)

    @property
    def attempts(self) -> int:
        """How often anything is tried."""
        return len(_PAUSES_S) + 1

    def _patiently(self, ask: Callable[[], Answer], *, none: frozenset[int] = frozenset()) -> Answer:
        """Ask until there is an answer, at most four times; a server that says when is asked then."""
        for attempt in range(self.attempts):
            try:
                answer = ask()
                if answer.status in none:
                    return answer
                return self._checked(answer)
            except InterruptedRequest as interrupted:
                self.pause(attempt, interrupted)
        raise AssertionError("BUG: every attempt returns or raises")

    def _checked(self, answer: Answer) -> Answer:
        """Give an answer that is no error; raises InterruptedRequest where asking again may help."""
        if answer.status < _REDIRECTION:
            return answer
        if answer.status < _ERROR:
            raise self._moved(answer)
        error = self._error(answer)
        asked = answer.headers.get("retry-after", "")
        pause = float(asked) if asked.isdecimal() else None
        soon = pause is None or pause <= _LONGEST_PAUSE_S
        limited = answer.status in _LIMITED and pause is not None
        if soon and (limited or answer.status >= _FAILURE):
            raise InterruptedRequest(error, pause)
        raise error

    def _moved(self, answer: Answer) -> RegistryError:
        """Nothing was done: what GitHub names elsewhere is another repository, or this one renamed."""
        return RegistryError(
            "GitHub names another place",
            found=f"{answer.status} to {ascii(answer.headers.get('location', 'nowhere'))[1:-1][:200]}",
            where=self.base,
            hint="if the repository was renamed, write its new name in the uri",
        )

    def _error(self, answer: Answer) -> RegistryError:
        what, hint = _MEANINGS.get(answer.status, ("GitHub refused", None))
        if answer.status >= _FAILURE:
            what, hint = "GitHub failed", "run again: what has arrived is not sent twice"
        rate = answer.headers.get("x-ratelimit-remaining") == "0" or "retry-after" in answer.headers
        if answer.status in _LIMITED and rate:
            what, hint = "GitHub's rate limit is reached", f"run again {_later(answer.headers)}"
        found = f"{answer.status} {self._message(answer.body)}".strip()
        return RegistryError(what, found=found, where=self.base, hint=hint)

    def _message(self, body: bytes) -> str:
        """What the server says, on one line, without anything that we sent."""
        try:
            fields = read_fields(body[:_MAX_JSON], where="the answer")
            said = fields.get("message")
            parts = [said.plain() if said is not None else ""]
            errors = fields.get("errors")
            for row in errors.items() if errors is not None else ():
                code = row.get("code") if isinstance(row.value, dict) else row
                parts.append(code.plain() if code is not None else "")
        except FormatError:
            return ""
        text = " ".join(" ".join(filter(None, parts)).split())[:200]
        return ascii(text.replace(self._token, "***"))[1:-1]

    def _json(self, method: str, url: str, body: bytes | None) -> Answer:
        headers = {"Accept": "application/vnd.github+json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return self._send(method, url, headers, body)

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | BinaryIO | None
    ) -> Answer:
        with _broken_connections(url):
            status, found, stream = self._open(method, url, headers, body, token=True)
            with stream:
                return Answer(status=status, headers=found, body=stream.read(_MAX_JSON))

    @contextmanager
    def _opened(self, url: str) -> Iterator[tuple[Answer, IO[bytes] | None]]:
        """Open a download, following redirects; the token goes to the API's own host only. None: an error."""
        own = urllib.parse.urlsplit(url).netloc
        with _broken_connections(url):
            for _ in range(_MOST_REDIRECTS):
                token = urllib.parse.urlsplit(url).netloc == own
                accept = {"Accept": "application/octet-stream"}
                status, headers, stream = self._open("GET", url, accept, None, token=token)
                with stream:
                    if status in _REDIRECTS and "location" in headers:
                        url = urllib.parse.urljoin(url, headers["location"])
                        self._require_safe(url, "redirect of a download")
                        continue
                    bad = status >= _ERROR
                    body = stream.read(_MAX_JSON) if bad else b""
                    yield Answer(status=status, headers=headers, body=body), None if bad else stream
                    return
        raise RegistryError("GitHub redirects without end", found=f"{_MOST_REDIRECTS} redirects", where=own)

    def _open(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | BinaryIO | None, *, token: bool
    ) -> tuple[int, Mapping[str, str], IO[bytes]]:
        request = urllib.request.Request(url, data=body, method=method, headers=dict(headers))  # noqa: S310 - checked
        request.add_header("User-Agent", "release_tasks")
        request.add_header("X-GitHub-Api-Version", _API_VERSION)
        if token:
            request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        try:
            answer = self._opener.open(request, timeout=_SILENCE_S)
        except urllib.error.HTTPError as error:
            answer = error
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer

    @staticmethod
    def _require_safe(url: str, where: str) -> None:
        """A token travels encrypted, or to this very machine."""
        parts = urllib.parse.urlsplit(url)
        if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            return
        raise ConfigError(
            "a token would travel unencrypted",
            wanted="a URL that begins with https://",
            found=f"{parts.scheme}://{parts.hostname}",
            where=where,
        )


_MEANINGS: Mapping[int, tuple[str, str | None]] = {
    401: ("GitHub does not accept the token", "set GH_TOKEN to a token that is valid"),
    403: ("GitHub does not let this token do that", "the token needs the right to write contents"),
    404: (
        "GitHub does not know it, or hides it from this token",
        "check OWNER/REPO in the uri, and that the token may read that repository",
    ),
    422: ("GitHub finds the request invalid", None),
}


@contextmanager
def _broken_connections(url: str) -> Iterator[None]:
    """Turn every way in which a connection can break into InterruptedRequest."""
    try:
        yield
    except urllib.error.HTTPError:
        raise
    except (OSError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise InterruptedRequest(_broken(url, f"{type(reason).__name__}: {reason}")) from None


def _broken(url: str, found: str) -> RegistryError:
    return RegistryError(
        "the connection to GitHub broke",
        found=ascii(found)[1:-1][:200],
        where=urllib.parse.urlsplit(url).netloc or API_URL,
        hint="run again: what has arrived is not sent twice",
    )


def _later(headers: Mapping[str, str]) -> str:
    seconds = headers.get("retry-after", "")
    return f"in {seconds} seconds" if seconds.isdecimal() else "later"
