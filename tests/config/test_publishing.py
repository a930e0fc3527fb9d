from pathlib import Path
from typing import Any

import pytest

from release_tasks.config.publishing import find_destination, place_of
from release_tasks.config.schema import Destination
from release_tasks.errors import ConfigError
from tests.fakes.release_toml import ROOT, SCHEMA, changed, parse, problems

# (what of [publish.store] is changed, to what, the whole text of all problems); True: the JSON Schema refuses it
BROKEN = [
    ("uri", ..., "uri is missing\n  wanted: where releases go, as directory:FOLDER\n  where:  release.toml: publish.store.uri", True),
    ("uri", 3, "wrong type\n  wanted: a string\n  found:  integer 3\n  where:  release.toml: publish.store.uri", True),
    ("uri", "/srv/models", 'not a destination\n  wanted: directory:FOLDER, file:FILE.tar or github:OWNER/REPO\n  found:  string "/srv/models"\n  where:  release.toml: publish.store.uri', True),
    ("uri", "direktory:/srv", 'not a destination\n  wanted: directory:FOLDER, file:FILE.tar or github:OWNER/REPO\n  found:  string "direktory:/srv"\n  where:  release.toml: publish.store.uri\n  hint:   did you mean directory?', True),
    ("uri", "directory:", 'not a destination\n  wanted: directory:FOLDER, file:FILE.tar or github:OWNER/REPO\n  found:  string "directory:"\n  where:  release.toml: publish.store.uri\n  hint:   did you mean directory?', True),
    ("uri", "directory:../x", "path refused: it has a '..' component\n  wanted: a relative POSIX path inside the tree\n  found:  '../x'\n  where:  release.toml: publish.store.uri", False),
    ("uri", "directory:/srv/../x", "path refused: it has a '.' or '..' component\n  wanted: a plain path\n  found:  /srv/../x\n  where:  release.toml: publish.store.uri", False),
    ("uri", "directory:nas:models", 'path refused: its root is not declared\n  wanted: a relative POSIX path inside the project\n  found:  nas:models\n  where:  release.toml: publish.store.uri\n  hint:   declare it in [roots], as in data = "/srv/data"', False),
    ("uri", "directory:release/there", "path refused: release_tasks itself keeps things there\n  wanted: another folder than release, experiments, .release, .git\n  found:  release/there\n  where:  release.toml: publish.store.uri", False),
    ("uri", "file:out/x.zip", "an offline bundle is a tar\n  wanted: a path that ends in .tar\n  found:  out/x.zip\n  where:  release.toml: publish.store.uri", True),
    ("uri", "file:out/{versoin}.tar", "the path has an unknown placeholder {versoin}\n  wanted: {name} or {version}\n  found:  out/{versoin}.tar\n  where:  release.toml: publish.store.uri\n  hint:   did you mean version?", False),
    ("uri", "github:someone", 'text refused\n  wanted: OWNER/REPO as GitHub names them\n  found:  string "someone"\n  where:  release.toml: publish.store.uri', True),
    ("uri", "github:a/b/c", 'text refused\n  wanted: OWNER/REPO as GitHub names them\n  found:  string "a/b/c"\n  where:  release.toml: publish.store.uri', True),
    ("production", "yes", 'wrong type\n  wanted: true or false\n  found:  string "yes"\n  where:  release.toml: publish.store.production', True),
    ("aliases", ["v1.0"], 'text refused\n  wanted: a-z, then also 0-9 _ -\n  found:  string "v1.0"\n  where:  release.toml: publish.store.aliases[0]', True),
    ("prodution", True, "unknown key\n  wanted: one of aliases, ci_only, production, uri\n  found:  prodution\n  where:  release.toml: publish.store.prodution\n  hint:   did you mean production?", True),
]  # fmt: skip


def published(key: str, value: Any) -> Any:
    table: dict[str, Any] = {"uri": "directory:/srv/models", key: value}
    if value is ...:
        del table[key]
    return changed("publish", {"store": table})


@pytest.mark.parametrize(("key", "value", "message", "in_schema"), BROKEN)
def test_whole_message(key: str, value: Any, message: str, *, in_schema: bool) -> None:
    document = published(key, value)
    assert problems(document) == message
    assert SCHEMA.is_valid(document) != in_schema


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("file:x.tar", "a file has no aliases\n  wanted: none\n  found:  stable"),
        (
            "github:a/b",
            "GitHub marks one release as the latest and knows no other alias\n  wanted: latest\n  found:  stable",
        ),
    ],
)
def test_aliases_that_a_registry_cannot_hold(uri: str, message: str) -> None:
    document = changed("publish", {"store": {"uri": uri, "aliases": ["stable"]}})
    assert problems(document) == f"{message}\n  where:  release.toml: publish.store.aliases"


def test_defaults_and_all_keys() -> None:
    document = changed(
        "publish",
        {
            "b": {"uri": "file:out/{name}-{version}.tar"},
            "a": {"uri": "github:some/repo.x", "production": True, "ci_only": True, "aliases": ["latest"]},
        },
    )
    assert SCHEMA.is_valid(document)
    assert parse(document).publish == (
        Destination(name="a", uri="github:some/repo.x", production=True, ci_only=True, aliases=("latest",)),
        Destination(name="b", uri="file:out/{name}-{version}.tar", aliases=()),
    )


def test_places() -> None:
    document = changed(
        "publish",
        {
            "a": {"uri": "directory:/srv/models"},
            "b": {"uri": "directory:nas:models"},
            "c": {"uri": "file:out/{name}-{version}.tar"},
        },
    )
    document["roots"] = {"nas": "/mnt/nas"}
    release = parse(document)
    places = [place_of(release, destination) for destination in release.publish]
    assert places == [
        Path("/srv/models"),
        Path("/mnt/nas/models"),
        ROOT / f"out/{release.name}-{release.version.text}.tar",
    ]


def test_a_destination_that_is_not_declared() -> None:
    release = parse(changed("publish", {"store": {"uri": "directory:/srv"}}))
    assert find_destination(release, "store").target == "/srv"
    with pytest.raises(ConfigError) as caught:
        find_destination(release, "stor")
    assert str(caught.value) == (
        "no destination stor\n  wanted: one of store\n  found:  1 declared\n"
        "  where:  release.toml\n  hint:   did you mean store?"
    )
