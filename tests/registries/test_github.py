from collections.abc import Iterator
from pathlib import Path

import pytest

from release_tasks.errors import ConfigError, GateRefused, IntegrityError, RegistryError, SealedError
from release_tasks.records.receipt import AliasMove
from release_tasks.registries import github_http
from release_tasks.registries.github import GithubRegistry
from release_tasks.registries.protocol import Shipment
from tests.fakes.github_server import REPO, TOKEN, Fault, Github, Release, serve_github
from tests.fakes.release_tree import NAME, VERSION
from tests.fakes.shipments import TAG_OBJECT, Heard, make_shipment, opening

ASSETS = r"/releases/\d+/assets\?name="
DOWNLOAD = r"/storage/"


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[Github]:
    monkeypatch.setattr(github_http, "_PAUSES_S", (0.0, 0.0, 0.0))
    with serve_github() as found:
        found.tags[f"v{VERSION}"] = TAG_OBJECT
        yield found


@pytest.fixture
def shipment(tmp_path: Path) -> Shipment:
    return make_shipment(tmp_path / "local")


def opened(tmp_path: Path, github: Github, **environ: str) -> tuple[GithubRegistry, Heard]:
    found, heard = opening(
        tmp_path, target=REPO, environ={"GITHUB_API_URL": github.url, "GITHUB_TOKEN": TOKEN, **environ}
    )
    return GithubRegistry(found), heard


def send(registry: GithubRegistry, shipment: Shipment) -> None:
    with registry.held():
        assert registry.published(shipment) is None
        registry.stage(shipment)
        registry.verify(shipment)
        registry.finish(shipment)


def only(github: Github) -> Release:
    (release,) = github.published()
    return release


def whole(github: Github, shipment: Shipment) -> bool:
    """Whether exactly one release is there, published, with every asset as it should be."""
    release = only(github)
    contents = github.contents(release)
    flat = {
        item.path: item.source.read_bytes()
        for item in shipment.of("release", "bundle")
        if item.path in {"MANIFEST.json", "checksum.txt"} or item.kind == "bundle"
    }
    made = {f"{NAME}-v{VERSION}-artifacts.tar.gz", f"{NAME}-{VERSION}.attestations.tar", f"v{VERSION}.html"}
    documents = {
        name for name in contents if name not in flat and name not in made
    }  # cards and the like, by their own names
    sound = all(contents[name] == data for name, data in flat.items()) and made <= contents.keys()
    states = {asset.state for asset in release.assets.values()}
    return sound and states == {"uploaded"} and all("/" not in name for name in documents)


def test_draft_first_assets_verified_then_published(
    tmp_path: Path, github: Github, shipment: Shipment
) -> None:
    registry, heard = opened(tmp_path, github)
    with registry.held():
        registry.stage(shipment)
        assert github.published() == []
        registry.verify(shipment)
        assert github.published() == []
        registry.finish(shipment)
    assert whole(github, shipment)
    assert only(github).values["body"] == shipment.notes
    assert github.latest is None
    assert len(heard.sent()) == len(only(github).assets)
    found = registry.published(shipment)
    assert found is not None
    assert {file.path: file.size for file in found} == {
        name: len(data) for name, data in github.contents(only(github)).items()
    }
    assert registry.check(shipment.version, shipment.tag) == shipment.root
    assert github.tokens_elsewhere == []


@pytest.mark.parametrize(
    ("fault", "most"),
    [
        (Fault("GET", "/releases/tags/", "status", 502), 0),
        (Fault("GET", "/releases/tags/", "cut", times=3), 0),
        (Fault("POST", r"/releases$", "status", 503, {"Retry-After": "0"}), 0),
        (Fault("POST", r"/releases$", "cut"), 0),
        (Fault("POST", r"/releases$", "lost"), 0),
        (Fault("POST", ASSETS, "status", 502), 1),
        (Fault("POST", ASSETS, "cut", skip=2), 1),
        (Fault("POST", ASSETS, "lost", skip=2), 0),
        (Fault("POST", ASSETS, "truncated", skip=1), 1),
        (Fault("GET", DOWNLOAD, "truncated"), 0),
        (Fault("GET", DOWNLOAD, "status", 500), 0),
        (Fault("PATCH", "/releases/", "cut"), 0),
        (Fault("PATCH", "/releases/", "lost"), 0),
        (Fault("GET", "/git/ref/", "status", 429, {"Retry-After": "0"}), 0),
        (Fault("GET", "/git/ref/", "status", 403, {"Retry-After": "0"}, times=2), 0),
    ],
    ids=lambda value: f"{value.method} {value.path} {value.kind}" if isinstance(value, Fault) else "",
)
def test_what_passes_is_waited_for(
    tmp_path: Path, github: Github, shipment: Shipment, fault: Fault, most: int
) -> None:
    github.faults.append(fault)
    registry, _ = opened(tmp_path, github)
    send(registry, shipment)
    assert whole(github, shipment)
    assert len(github.releases) == 1
    assert len(github.uploads()) <= len(only(github).assets) + most


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Fault("GET", "/releases/tags/", "status", 401, message="Bad credentials"), "GitHub does not accept the token\n  found: 401 Bad credentials\n  where: {url}\n  hint:  set GH_TOKEN to a token that is valid"),
        (Fault("GET", "/releases/tags/", "status", 403, message="Resource not accessible"), "GitHub does not let this token do that\n  found: 403 Resource not accessible\n  where: {url}\n  hint:  the token needs the right to write contents"),
        (Fault("GET", "/releases/tags/", "status", 403, {"X-RateLimit-Remaining": "0"}, "API rate limit exceeded"), "GitHub's rate limit is reached\n  found: 403 API rate limit exceeded\n  where: {url}\n  hint:  run again later"),
        (Fault("GET", "/releases/tags/", "status", 429, {"Retry-After": "3600"}, "slow down"), "GitHub's rate limit is reached\n  found: 429 slow down\n  where: {url}\n  hint:  run again in 3600 seconds"),
        (Fault("POST", r"/releases$", "status", 404, message="Not Found"), "GitHub does not know it, or hides it from this token\n  found: 404 Not Found\n  where: {url}\n  hint:  check OWNER/REPO in the uri, and that the token may read that repository"),
        (Fault("POST", ASSETS, "refused"), "GitHub finds the request invalid\n  found: 422 Validation Failed already_exists\n  where: {url}"),
        (Fault("POST", ASSETS, "status", 500, times=9, message=f"echo {TOKEN}"), "GitHub failed\n  found: 500 echo ***\n  where: {url}\n  hint:  run again: what has arrived is not sent twice"),
    ],
)  # fmt: skip
def test_what_does_not_pass_is_a_clear_error_and_nothing_is_published(
    tmp_path: Path, github: Github, shipment: Shipment, fault: Fault, message: str
) -> None:
    github.faults.append(fault)
    registry, _ = opened(tmp_path, github)
    with pytest.raises(RegistryError) as caught:
        send(registry, shipment)
    assert str(caught.value) == message.format(url=github.url)
    assert github.published() == []
    github.faults.clear()
    send(opened(tmp_path, github)[0], shipment)
    assert whole(github, shipment)
    assert len(github.releases) == 1


def test_connection_that_breaks_for_good(tmp_path: Path, github: Github, shipment: Shipment) -> None:
    github.faults.append(Fault("GET", "/releases/tags/", "cut", times=9))
    registry, heard = opened(tmp_path, github)
    with pytest.raises(RegistryError, match="the connection to GitHub broke") as caught:
        registry.published(shipment)
    assert caught.value.hint == "run again: what has arrived is not sent twice"
    assert heard.lines == ["wait the connection to GitHub broke"] * 3


def test_other_bytes_that_come_back_are_not_published(
    tmp_path: Path, github: Github, shipment: Shipment
) -> None:
    github.faults.append(Fault("GET", DOWNLOAD, "corrupt", skip=1))
    registry, _ = opened(tmp_path, github)
    with pytest.raises(IntegrityError, match="GitHub did not keep what it was sent") as caught:
        send(registry, shipment)
    assert caught.value.hint == "nothing is published; run again"
    assert github.published() == []


def test_draft_of_an_interrupted_run_is_continued(tmp_path: Path, github: Github, shipment: Shipment) -> None:
    first, heard = opened(tmp_path, github)
    first.stage(shipment)
    (draft,) = github.releases.values()
    sent = len(heard.sent())
    assets = list(draft.assets.values())
    assets[0].state = "starter"
    assets[1].data = bytes(len(assets[1].data))
    github.add_asset(draft, "of-another-candidate.zip", b"x")
    second, heard = opened(tmp_path, github)
    send(second, shipment)
    assert sorted(heard.sent()) == sorted([assets[0].name, assets[1].name])
    assert len(only(github).assets) == sent
    assert whole(github, shipment)


def test_draft_of_a_person_is_left_alone(tmp_path: Path, github: Github, shipment: Shipment) -> None:
    theirs = github.add_release(tag_name=f"v{VERSION}", body="notes of a person")
    github.add_asset(theirs, "MANIFEST.json", b"{}")
    send(opened(tmp_path, github)[0], shipment)
    assert theirs.values["draft"] is True
    assert github.contents(theirs) == {"MANIFEST.json": b"{}"}
    assert whole(github, shipment)


def test_drafts_are_found_on_later_pages(tmp_path: Path, github: Github, shipment: Shipment) -> None:
    opened(tmp_path, github)[0].stage(shipment)
    for number in range(120):
        github.add_release(tag_name=f"v0.0.{number}", draft=False)
    _, heard = opened(tmp_path, github)
    registry, heard = opened(tmp_path, github)
    registry.stage(shipment)
    assert heard.sent() == []


@pytest.mark.parametrize("change", ["other", "gone"])
def test_published_release_of_other_bytes_is_named_and_left(
    tmp_path: Path, github: Github, shipment: Shipment, change: str
) -> None:
    send(opened(tmp_path, github)[0], shipment)
    release = only(github)
    asset = next(asset for asset in release.assets.values() if asset.name == "checksum.txt")
    if change == "gone":
        del release.assets[asset.id]
    else:
        asset.data += b"x"
    before = dict(github.contents(release))
    with pytest.raises(SealedError) as caught:
        opened(tmp_path, github)[0].published(shipment)
    assert str(caught.value).startswith(
        f"{VERSION} is published already, with other bytes\n  wanted: checksum.txt"
    )
    assert github.contents(release) == before


def test_tag_must_be_there_as_our_object(tmp_path: Path, github: Github, shipment: Shipment) -> None:
    github.tags.clear()
    with pytest.raises(GateRefused) as caught:
        opened(tmp_path, github)[0].published(shipment)
    assert str(caught.value) == (
        f"GitHub has no tag v{VERSION}\n  wanted: tag object {TAG_OBJECT}\n  found:  none\n"
        f"  where:  {github.url}/repos/{REPO}\n  hint:   push it first: 'doit tag'"
    )
    github.tags[f"v{VERSION}"] = "2" * 40
    with pytest.raises(GateRefused, match=f"GitHub has another tag v{VERSION}"):
        opened(tmp_path, github)[0].published(shipment)
    assert github.releases == {}


def test_tag_that_vanishes_while_assets_are_sent(tmp_path: Path, github: Github, shipment: Shipment) -> None:
    registry, _ = opened(tmp_path, github)
    registry.stage(shipment)
    github.tags.clear()
    with pytest.raises(GateRefused, match="GitHub has no tag"):
        registry.finish(shipment)
    assert github.made_tags == []


def test_latest_is_the_alias(tmp_path: Path, github: Github, shipment: Shipment) -> None:
    registry, _ = opened(tmp_path, github)
    assert [registry.held_as(name) for name in ("latest", "current", "stable")] == ["latest", "latest", None]
    send(registry, shipment)
    assert registry.read_alias("latest") is None
    move = AliasMove(alias="latest", before=None, version=VERSION)
    registry.move_alias(move, by="publish", at="2026-11-21T20:00:00Z")
    assert github.latest == only(github).id
    assert registry.read_alias("latest") == VERSION
    missing = AliasMove(alias="latest", before=VERSION, version="9.9.9")
    with pytest.raises(IntegrityError, match="not published there"):
        registry.move_alias(missing, by="rollback", at="2026-11-21T20:00:00Z")


def test_damaged_artifacts_do_not_verify(tmp_path: Path, github: Github, shipment: Shipment) -> None:
    send(opened(tmp_path, github)[0], shipment)
    name = f"{NAME}-v{VERSION}-artifacts.tar.gz"
    asset = next(asset for asset in only(github).assets.values() if asset.name == name)
    whole_data = asset.data
    asset.data = whole_data[:-9]
    with pytest.raises(IntegrityError, match="the published archive is damaged"):
        opened(tmp_path, github)[0].check(shipment.version, shipment.tag)
    at = whole_data.index(b'"version"')
    asset.data = whole_data[:at] + b"X" + whole_data[at + 1 :]
    with pytest.raises(IntegrityError):
        opened(tmp_path, github)[0].check(shipment.version, shipment.tag)


@pytest.mark.parametrize("token", ["", "two\nlines", "\u00fcmlaut"])
def test_token_is_wanted(tmp_path: Path, github: Github, token: str) -> None:
    with pytest.raises(ConfigError) as caught:
        opened(tmp_path, github, GITHUB_TOKEN=token)
    assert caught.value.what == "no token for GitHub"
    assert token not in str(caught.value) or not token


def test_gh_token_comes_first(tmp_path: Path, github: Github, shipment: Shipment) -> None:
    registry, _ = opened(tmp_path, github, GITHUB_TOKEN=TOKEN[::-1], GH_TOKEN=TOKEN)
    assert registry.published(shipment) is None


def test_token_travels_encrypted_or_not_at_all(tmp_path: Path, github: Github) -> None:
    with pytest.raises(ConfigError) as caught:
        opened(tmp_path, github, GITHUB_API_URL="http://github.example.invalid/api")
    assert str(caught.value) == (
        "a token would travel unencrypted\n  wanted: a URL that begins with https://\n"
        "  found:  http://github.example.invalid\n  where:  environment variable GITHUB_API_URL"
    )


@pytest.mark.parametrize(("method", "path"), [("GET", "/releases/tags/"), ("PATCH", "/releases/")])
def test_a_repository_that_moved_is_no_success(
    tmp_path: Path, github: Github, shipment: Shipment, method: str, path: str
) -> None:
    github.faults = [
        Fault(method, path, "status", 307, {"Location": "https://elsewhere.invalid/repositories/7"})
    ]
    registry, _ = opened(tmp_path, github)
    with pytest.raises(RegistryError) as caught:
        send(registry, shipment)
    assert str(caught.value) == (
        "GitHub names another place\n  found: 307 to https://elsewhere.invalid/repositories/7\n"
        f"  where: {github.url}\n  hint:  if the repository was renamed, write its new name in the uri"
    )
    assert github.published() == []


def test_a_draft_that_stays_a_draft_is_not_published(
    tmp_path: Path, github: Github, shipment: Shipment
) -> None:
    github.faults = [Fault("PATCH", "/releases/", "ignored", message=f"v{VERSION}")]
    registry, _ = opened(tmp_path, github)
    with pytest.raises(RegistryError) as caught:
        send(registry, shipment)
    assert str(caught.value) == (
        "GitHub did not publish the draft\n"
        f"  wanted: a release of v{VERSION} that is no draft\n"
        f"  found:  a draft of v{VERSION}\n"
        f"  where:  {github.url}/repos/{REPO}\n"
        "  hint:   run again"
    )
    send(opened(tmp_path, github)[0], shipment)
    assert whole(github, shipment)


def test_a_page_in_place_of_the_api(tmp_path: Path, github: Github, shipment: Shipment) -> None:
    github.faults = [Fault("GET", "/releases/tags/", "html")]
    registry, _ = opened(tmp_path, github)
    with pytest.raises(RegistryError) as caught:
        registry.published(shipment)
    assert str(caught.value) == (
        "this is not GitHub's answer\n"
        "  wanted: JSON\n"
        "  found:  not JSON: Expecting value at line 1 column 1\n"
        "  where:  the release\n"
        "  hint:   is GITHUB_API_URL right, or does a proxy answer in its place?"
    )


def test_more_releases_and_assets_than_a_page_holds(
    tmp_path: Path, github: Github, shipment: Shipment
) -> None:
    for number in range(250):
        github.add_release(tag_name=f"v0.0.{number}", draft=number % 2 == 0)
    registry, _ = opened(tmp_path, github)
    registry.stage(shipment)
    (draft,) = [release for release in github.releases.values() if release.assets]
    for number in range(150):
        github.add_asset(draft, f"of-an-earlier-candidate-{number}.json", b"x")
    registry.stage(shipment)
    registry.verify(shipment)
    found = registry.finish(shipment)
    assert len(draft.assets) == len(found)


def test_a_list_without_an_end(
    tmp_path: Path, github: Github, shipment: Shipment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(github_http, "_MOST_PAGES", 2)
    for number in range(250):
        github.add_release(tag_name=f"v0.0.{number}")
    registry, _ = opened(tmp_path, github)
    with pytest.raises(RegistryError) as caught:
        registry.stage(shipment)
    assert str(caught.value) == (
        f"GitHub lists without end\n  found: 2 full pages\n  where: /repos/{REPO}/releases"
    )
