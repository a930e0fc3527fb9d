"""What is in the data, as a user meets it: what passes, what refuses with which words, and what is released."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from project import Project, holds, normal, ran, rows, write_project

from tests.fakes.small_dataset import FETCH, TABLE, dataset_files, lines, record

STATISTICS = "evidence/dataset_statistics.json"


def with_dataset(project: Project, table: str, files: dict[str, bytes]) -> Project:
    """Add [dataset] and its files to a project; the texts of its tokenizer go elsewhere."""
    for name in ("one", "two"):
        project.path(f"data/{name}.txt").rename(project.path(f"scripts/{name}.txt"))
    project.replace("release.toml", "data/*.txt", "scripts/*.txt")
    project.write("release.toml", project.read("release.toml") + "\n" + table)
    for name, data in files.items():
        project.path(name).parent.mkdir(parents=True, exist_ok=True)
        project.path(name).write_bytes(data)
    return project


def frozen(project: Project) -> Project:
    """Freeze and commit."""
    done = project.doit("freeze", "--update")
    assert done.returncode == 0, done.stdout + done.stderr
    project.commit("chore: data")
    return project


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A released project with 100 sound records; its source has no record, so that no test depends on today."""
    project = write_project(tmp_path_factory.mktemp("sound") / "project")
    table = TABLE.replace('record = "census.json"\n', "")
    with_dataset(project, table, dataset_files([record(n) for n in range(100)]))
    done = frozen(project).doit("release")
    assert done.returncode == 0, done.stdout + done.stderr
    return project


def statistics(project: Project) -> dict[str, Any]:
    """The released statistics."""
    found: dict[str, Any] = json.loads(project.path(f"release/1.0.0/{STATISTICS}").read_bytes())
    return found


def test_a_good_dataset_is_released_with_the_same_statistics_from_another_clone(
    sound: Project, tmp_path: Path
) -> None:
    """K18, K22, K23: no clock, no modification times, no machine; class exact, so exact_root covers them."""
    clone = Project(tmp_path / "elsewhere" / "clone")
    clone.root.parent.mkdir()
    subprocess.run(["git", "clone", "-q", str(sound.root), str(clone.root)], check=True)
    done = clone.doit("release", env={"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C"})
    assert done.returncode == 0, done.stdout + done.stderr
    assert not [code for code in ("DATASET_", "NARRATIVE_", "ESS_") if code in done.stdout]
    assert (
        clone.path(f"release/1.0.0/{STATISTICS}").read_bytes()
        == sound.path(f"release/1.0.0/{STATISTICS}").read_bytes()
    )
    manifests = [json.loads(item.path("release/1.0.0/MANIFEST.json").read_bytes()) for item in (sound, clone)]
    assert manifests[0]["exact_root"] == manifests[1]["exact_root"]
    (row,) = (row for row in manifests[0]["files"] if row["path"] == STATISTICS)
    assert (row["role"], row["class"]) == ("dataset-statistics", "exact")
    metadata = json.loads(sound.path("release/1.0.0/metadata.json").read_bytes())
    assert metadata["dataset_hash"] == statistics(sound)["dataset_hash"]
    assert statistics(sound)["record_count"] == 100
    assert holds(sound)
    assert holds(clone)


def test_a_sealed_release_with_statistics_is_left_alone(sound: Project, tmp_path: Path) -> None:
    shutil.copytree(sound.root, tmp_path / "project", symlinks=True)
    project = Project(tmp_path / "project")
    project.git("tag", "v1.0.0")
    commit = project.git("rev-parse", "--short=12", "HEAD")
    assert project.doit("release").returncode == 0  # what was copied is hashed anew
    done = project.doit("release")
    assert (done.returncode, done.stdout) == (0, f"already released as v1.0.0 at {commit}; nothing to do\n")
    project.path("data/b.jsonl").write_bytes(lines([record(n) for n in range(50, 99)]))
    project.path("release.lock").unlink()
    assert project.doit("freeze").returncode == 0
    done = project.doit("release")
    assert done.returncode == 1
    assert normal(done.stderr, project) == (
        "1.0.0 is already released, and these files would differ\n"
        "  wanted: exact_root sha256:HEX64\n"
        "  found:  evidence/dataset_statistics.json\n"
        "  where:  release/1.0.0\n"
        "  hint:   a released version never changes: raise release.version in release.toml\n"
    )
    assert "data" in ran(done)


def _bad_records() -> list[dict[str, Any]]:
    """100 records with something wrong in every respect."""
    records = [record(n, weight=1000 if n < 10 else 1) for n in range(100)]
    records[20]["story"] = 7
    records[21]["story"] += " Write to ana.pop@mail.md."
    for n in (30, 32, 34):  # one mark of the story differs
        records[n + 1]["story"] = records[n]["story"][:-1] + "!"
    return records


def test_a_bad_dataset_is_refused_with_every_reason_at_once(sound: Project, tmp_path: Path) -> None:
    shutil.copytree(sound.root, tmp_path / "project", symlinks=True)
    project = Project(tmp_path / "project")
    fetched = 'name = "census"\n'
    project.replace("release.toml", fetched, fetched + 'record = "census.json"\n')
    project.replace("release.toml", '"north", "south"', '"north", "south", "west"')
    project.replace("release.toml", '\nversion = "1.0.0"\nfiles', '\nversion = "1.0.1"\nfiles')
    project.replace("release.toml", 'version_field = "version"\n', "")
    project.write("census.json", json.dumps({**FETCH, "fetched_at": "2020-01-01T00:00:00Z"}))
    records = _bad_records()
    project.path("data/a.jsonl").write_bytes(lines(records[:50]))
    project.path("data/b.jsonl").write_bytes(lines(records[50:]))
    project.write("data/c.tmp", "left over\n")
    done = frozen(project).doit("release")
    assert done.returncode == 1
    assert "ana.pop" not in done.stdout
    found = done.stdout.partition("the gate refused the release: ")[2].splitlines()
    assert found[0] == (
        "dataset-schema, dataset-duplicates, dataset-coverage, dataset-weights, dataset-pii, dataset-sources"
    )
    text = "\n".join(line.strip().removeprefix("found: ") for line in found)
    for said in (
        (
            "DATASET_RECORDS_INVALID data/schema.json: files: wanted at least 0.95 of the files without a violation, "
            "found 1 of 2 (0.5); data/a.jsonl#21: story: 7 is not of type 'string'"
        ),
        (
            "DATASET_DUPLICATES [dataset]: wanted a share of repeated records below 0.02, found 3 of 100 (0.03): "
            "0 exact, 3 near; data/a.jsonl#32 repeats data/a.jsonl#31 ("
        ),
        "DATASET_CATEGORY_EMPTY dataset.categories: west: wanted at least one record, found none",
        (
            "DATASET_UNMATCHED_FILES data/c.tmp: wanted a file that dataset.files matches, "
            "found a file that no rule matches"
        ),
        "ESS_TOO_LOW dataset.weight: wanted an effective sample size of at least 0.5 of the records, found 0.1018",
        (
            "NARRATIVE_PII_DETECTED e-mail: wanted no personal data in any text, "
            "found 1 texts, the first: data/a.jsonl#22: story"
        ),
        (
            "PXWEB_CACHE_STALE dataset.sources: census: wanted data fetched at most 60 days before the decision, "
            "found 2020-01-01T00:00:00Z, "
        ),
    ):
        assert said in text
    verdict = json.loads(project.path(".release/records/verdict.json").read_bytes())
    status = {gate["gate"]: gate["status"] for gate in verdict["gates"]}
    assert (status["dataset"], status["dataset-sizes"], status["dataset-texts"]) == ("pass", "pass", "pass")


def test_data_without_a_schema_warns_and_refuses_when_it_is_required(fresh: Project) -> None:
    table = '[dataset]\nversion = "1"\nfiles = ["data/*.json"]\n'
    project = frozen(with_dataset(fresh, table, {"data/a.json": b'[{"story": "One."}]\n'}))
    done = project.doit("release")
    assert (done.returncode, rows(done)["release"]) == (0, "tiny 1.0.0")
    assert "DATASET_SCHEMA_UNDECLARED release.toml: dataset.schema: found nothing declared" in done.stdout
    project.write("release_policy.yml", project.read("release_policy.yml") + "required: [dataset-schema]\n")
    done = project.doit("release")
    assert done.returncode == 1
    assert "the gate refused the release: dataset-schema" in done.stdout


def test_zero_files_and_zero_records_are_clear_refusals(fresh: Project) -> None:
    """K21: a refusal, not a crash."""
    table = '[dataset]\nversion = "1"\nfiles = ["data/*.json"]\n'
    project = with_dataset(fresh, table, {"data/a.json": b"[]\n"})
    done = frozen(project).doit("release")
    assert done.returncode == 1
    assert "DATASET_EMPTY [dataset]: wanted records, found no record in 1 files" in done.stdout
    project.path("data/a.json").unlink()
    done = project.doit("release")
    assert done.returncode != 0
    assert "the pattern data/*.json matches no file" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
