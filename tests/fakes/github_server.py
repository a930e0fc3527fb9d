"""A GitHub that runs in this process: the part of its REST API that publishing uses, and its bad days.

Like GitHub it hides drafts from `releases/tags/TAG`, keeps a half-sent asset as `starter`, sends a download
elsewhere, renames assets with special characters, and would make a missing tag itself when a draft is
published: then `made_tags` says so.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "secret-token-of-the-tests"
REPO = "someone/tiny"


@dataclass
class Fault:
    """What goes wrong with the next `times` requests that match, after `skip` of them."""

    method: str
    path: str
    kind: str  # status, cut (nothing was done), lost (done, no answer), truncated, corrupt, html, ignored
    status: int = 502
    headers: dict[str, str] = field(default_factory=dict)
    message: str = "bad day"
    times: int = 1
    skip: int = 0


@dataclass
class Asset:
    id: int
    name: str
    data: bytes
    state: str = "uploaded"


@dataclass
class Release:
    id: int
    values: dict[str, Any]
    assets: dict[int, Asset] = field(default_factory=dict)


class Github:
    """Its state, which tests look at and prepare."""

    def __init__(self) -> None:
        self.tags: dict[str, str] = {}
        self.made_tags: list[str] = []
        self.releases: dict[int, Release] = {}
        self.latest: int | None = None
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self.tokens_elsewhere: list[str] = []
        self.before: Callable[[int], None] = lambda _number: None
        self.after: Callable[[int], None] = lambda _number: None
        self.url = ""
        self.lock = threading.RLock()
        self._next = 100

    def number(self) -> int:
        self._next += 1
        return self._next

    def add_release(self, **values: Any) -> Release:
        release = Release(id=self.number(), values={"draft": True, "body": "", "prerelease": False, **values})
        self.releases[release.id] = release
        return release

    def add_asset(self, release: Release, name: str, data: bytes, *, state: str = "uploaded") -> Asset:
        asset = Asset(id=self.number(), name=name, data=data, state=state)
        release.assets[asset.id] = asset
        return asset

    def published(self) -> list[Release]:
        return [release for release in self.releases.values() if not release.values["draft"]]

    def contents(self, release: Release) -> dict[str, bytes]:
        return {asset.name: asset.data for asset in release.assets.values()}

    def uploads(self) -> list[str]:
        return [line for line in self.requests if line.startswith("POST") and "/assets" in line]

    def fault(self, method: str, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.method == method and re.search(fault.path, path) and fault.times > 0:
                if fault.skip:
                    fault.skip -= 1
                    return None
                fault.times -= 1
                return fault
        return None


class _Answered(Exception):
    def __init__(self, status: int, value: Any = None) -> None:
        self.status = status
        self.value = value


def _handler(github: Github) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the library names it
            del format, args

        def do_GET(self) -> None:
            self._serve("GET")

        def do_POST(self) -> None:
            self._serve("POST")

        def do_PATCH(self) -> None:
            self._serve("PATCH")

        def do_DELETE(self) -> None:
            self._serve("DELETE")

        def _serve(self, method: str) -> None:
            self.close_connection = True
            with github.lock:
                github.requests.append(f"{method} {self.path}")
                number = len(github.requests)
                fault = github.fault(method, self.path)
            github.before(number)
            with suppress(OSError):
                self._answer(method, fault, number)

        def _answer(self, method: str, fault: Fault | None, number: int) -> None:
            if fault is not None and fault.kind == "cut":
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            body = self._body(method, fault)
            if fault is not None and fault.kind == "status":
                self._send(fault.status, {"message": fault.message}, fault.headers)
                return
            if fault is not None and fault.kind == "html":
                self._send(200, b"<html>sign in first</html>", {})
                return
            if fault is not None and fault.kind == "ignored":
                self._send(200, {"draft": True, "tag_name": fault.message}, {})
                return
            if fault is not None and fault.kind == "refused":
                self._send(422, {"message": "Validation Failed", "errors": [{"code": "already_exists"}]}, {})
                return
            try:
                with github.lock:
                    self._route(method, body, fault)
                raise AssertionError(f"no answer to {method} {self.path}")
            except _Answered as answer:
                github.after(number)
                if fault is not None and fault.kind in {"lost", "truncated"} and method != "GET":
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                self._send(answer.status, answer.value, {}, fault)

        def _body(self, method: str, fault: Fault | None) -> bytes:
            size = int(self.headers.get("Content-Length") or 0)
            if fault is not None and fault.kind == "truncated" and method == "POST":
                return self.rfile.read(size // 2)
            return self.rfile.read(size)

        def _send(self, status: int, value: Any, headers: dict[str, str], fault: Fault | None = None) -> None:
            data = value if isinstance(value, bytes) else json.dumps(value).encode()
            if isinstance(value, str):
                headers, data = {"Location": value}, b""
            self.send_response(status)
            for name, text in headers.items():
                self.send_header(name, text)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if fault is not None and fault.kind == "truncated" and len(data) > 1:
                data = data[: len(data) // 2]
            self.wfile.write(data)
            self.wfile.flush()

        def _route(self, method: str, body: bytes, fault: Fault | None) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            path = unquote(parts.path)
            if match := re.fullmatch(r"/storage/(\d+)", path):
                if self.headers.get("Authorization"):
                    github.tokens_elsewhere.append(self.path)
                data = self._asset(int(match[1]))[1].data
                corrupt = fault is not None and fault.kind == "corrupt"
                raise _Answered(200, bytes(len(data)) if corrupt else data)
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                raise _Answered(401, {"message": "Bad credentials"})
            if not path.startswith(f"/repos/{REPO}/"):
                raise _Answered(404, {"message": "Not Found"})
            self._repo(method, path.removeprefix(f"/repos/{REPO}/"), query, body)

        def _repo(self, method: str, path: str, query: dict[str, str], body: bytes) -> None:
            match (method, *path.split("/")):
                case ("GET", "git", "ref", "tags", *rest):
                    tag = "/".join(rest)
                    if tag not in github.tags:
                        raise _Answered(404, {"message": "Not Found"})
                    found = {"sha": github.tags[tag], "type": "tag"}
                    raise _Answered(200, {"ref": f"refs/tags/{tag}", "object": found})
                case ("GET", "releases", "tags", *rest):
                    self._one(lambda release: release.values["tag_name"] == "/".join(rest))
                case ("GET", "releases", "latest"):
                    self._one(lambda release: release.id == github.latest)
                case ("GET", "releases"):
                    rows = [self._json(release) for release in reversed(github.releases.values())]
                    raise _Answered(200, self._page(rows, query))
                case ("POST", "releases"):
                    release = github.add_release(**json.loads(body))
                    raise _Answered(201, self._json(release))
                case ("PATCH", "releases", number):
                    self._patch(self._release(number), json.loads(body))
                case ("GET", "releases", "assets", number):
                    self._asset(int(number))
                    raise _Answered(302, f"http://localhost:{self.server.server_port}/storage/{number}")  # type: ignore[attr-defined]
                case ("DELETE", "releases", "assets", number):
                    release, asset = self._asset(int(number))
                    del release.assets[asset.id]
                    raise _Answered(204, b"")
                case ("GET", "releases", number, "assets"):
                    release = self._release(number)
                    rows = [self._asset_json(asset) for asset in release.assets.values()]
                    raise _Answered(200, self._page(rows, query))
                case ("POST", "releases", number, "assets"):
                    self._upload(self._release(number), query["name"], body)
            raise _Answered(404, {"message": "Not Found"})

        def _one(self, wanted: Callable[[Release], bool]) -> None:
            for release in github.published():
                if wanted(release):
                    raise _Answered(200, self._json(release))
            raise _Answered(404, {"message": "Not Found"})

        def _patch(self, release: Release, values: dict[str, Any]) -> None:
            if values.get("draft") is False and release.values["draft"]:
                tag = release.values["tag_name"]
                if any(other.values["tag_name"] == tag for other in github.published()):
                    errors = [{"code": "already_exists", "field": "tag_name"}]
                    raise _Answered(422, {"message": "Validation Failed", "errors": errors})
                if tag not in github.tags:
                    github.made_tags.append(tag)
            if values.pop("make_latest", "false") == "true":
                github.latest = release.id
            release.values.update(values)
            raise _Answered(200, self._json(release))

        def _upload(self, release: Release, name: str, body: bytes) -> None:
            whole = len(body) == int(self.headers["Content-Length"])
            if any(asset.name == name for asset in release.assets.values()):
                errors = [{"code": "already_exists", "field": "name"}]
                raise _Answered(422, {"message": "Validation Failed", "errors": errors})
            kept = re.sub(r"[^A-Za-z0-9._+@-]", ".", name)
            kept = f"default{kept}" if kept.startswith(".") else kept
            asset = github.add_asset(release, kept, body, state="uploaded" if whole else "starter")
            raise _Answered(201, self._asset_json(asset))

        def _release(self, number: str) -> Release:
            if not number.isdigit() or int(number) not in github.releases:
                raise _Answered(404, {"message": "Not Found"})
            return github.releases[int(number)]

        def _asset(self, number: int) -> tuple[Release, Asset]:
            for release in github.releases.values():
                if number in release.assets:
                    return release, release.assets[number]
            raise _Answered(404, {"message": "Not Found"})

        @staticmethod
        def _page(rows: list[Any], query: dict[str, str]) -> list[Any]:
            size, page = int(query.get("per_page", "30")), int(query.get("page", "1"))
            return rows[(page - 1) * size : page * size]

        @staticmethod
        def _json(release: Release) -> dict[str, Any]:
            return {
                **release.values,
                "id": release.id,
                "html_url": f"{github.url}/html/{release.id}",
                "upload_url": f"{github.url}/repos/{REPO}/releases/{release.id}/assets{{?name,label}}",
                "assets": [],
            }

        @staticmethod
        def _asset_json(asset: Asset) -> dict[str, Any]:
            return {
                "id": asset.id,
                "name": asset.name,
                "size": len(asset.data),
                "state": asset.state,
                "digest": f"sha256:{hashlib.sha256(asset.data).hexdigest()}",
            }

    return Handler


@contextmanager
def serve_github() -> Iterator[Github]:
    """Serve on a free port of this machine until the block ends."""
    github = Github()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(github))
    server.daemon_threads = True
    github.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield github
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
