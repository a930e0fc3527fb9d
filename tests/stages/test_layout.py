from __future__ import annotations

from pathlib import Path

import pytest

from release_tasks.errors import PathError
from release_tasks.stages.layout import media_type, place_artifacts
from tests.fakes.small_project import SmallProject, small_project


def placed(project: SmallProject) -> list[tuple[str, str, str]]:
    return [
        (item.name, item.declared, item.role) for item in place_artifacts(project.plan, project.workspace)
    ]


def test_artifacts_get_their_standard_names(tmp_path: Path) -> None:
    project = small_project(
        tmp_path,
        artifacts='extra = ["docs/notes.txt", "more/**/*.txt"]\nquality = "out/q.json"\ngguf = ["out/tiny.gguf"]',
        files={"more/b.txt": b"", "more/x/a.txt": b""},
    )
    assert placed(project) == [
        ("a.txt", "more/x/a.txt", "extra"),
        ("b.txt", "more/b.txt", "extra"),
        ("config.json", "config.json", "config"),
        ("config.yaml", "config.json", "config"),
        ("evidence/quality.json", "out/q.json", "quality"),
        ("model.safetensors", "model.safetensors", "weights"),
        ("notes.txt", "docs/notes.txt", "extra"),
        ("tiny.gguf", "out/tiny.gguf", "gguf"),
        ("tokenizer.json", "tokenizer.json", "tokenizer"),
    ]
    rendered = [item.name for item in place_artifacts(project.plan, project.workspace) if item.rendered]
    assert rendered == ["config.yaml"]


@pytest.mark.parametrize(
    "files",
    [
        {"more/a.txt": b"", "more/x/a.txt": b""},
        {"more/a.txt": b"", "more/x/A.TXT": b""},
        {"more/readme.txt": b""},
        {"more/x/Config.json": b""},
        {"more/evidence": b""},
    ],
)
def test_names_that_a_glob_brings_may_not_collide(tmp_path: Path, files: dict[str, bytes]) -> None:
    project = small_project(tmp_path, artifacts='extra = ["more/**"]', files=files)
    with pytest.raises(PathError) as caught:
        placed(project)
    assert caught.value.what.startswith("two files would be ")
    assert caught.value.where == "release.toml: artifacts"
    assert max(files) in str(caught.value.found)


def test_a_name_that_a_glob_brings_must_be_one_everywhere(tmp_path: Path) -> None:
    project = small_project(tmp_path, artifacts='extra = ["more/*"]', files={"more/nul.txt": b""})
    with pytest.raises(PathError, match="a component that Windows reserves"):
        placed(project)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.json", "application/json"),
        ("A.JSON", "application/json"),
        ("c.yml", "application/yaml"),
        ("README.txt", "text/plain"),
        ("model.safetensors", "application/octet-stream"),
        ("json", "application/json"),
        ("LICENSE", "application/octet-stream"),
    ],
)
def test_media_types(name: str, kind: str) -> None:
    assert media_type(name) == kind
