"""Every document of a small release: what it says, that the Hub reads it, that its bytes are always the same."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from huggingface_hub import DatasetCard, ModelCard, parse_eval_result_entries

from release_tasks.errors import FormatError
from release_tasks.formats.canonical_json import dump_canonical
from release_tasks.policy.card_text import sections_of
from release_tasks.policy.traces import known_sources, traces_in
from release_tasks.records.card import CARD_SECTIONS
from release_tasks.stages.documents_action import render_documents
from tests.fakes import released_documents as fake

ROOT = Path(__file__).parents[2]
OLD = "evidence/baseline.json#/baseline/benches/0/metrics/0/samples"
PYTHONS = ("3.12", "3.13")


def documents(**changes: bytes | None) -> dict[str, str]:
    return {one.path: one.data.decode() for one in render_documents(fake.content(**changes))}


def shown(text: str) -> str:
    """What a reader sees: without comments."""
    return re.sub(r"<!--.*?-->", "", text)


def test_a_release_has_these_documents() -> None:
    assert list(documents()) == [
        ".eval_results/tiny.yaml",
        "docs/DATA_CARD.md",
        "docs/MODEL_CARD.md",
        "docs/PERF_COMPARISON.md",
        "docs/RELEASE_CHECKLIST.md",
    ]


def test_without_cards_and_benchmarks_the_checklist_stays() -> None:
    assert list(documents(cards=None, speed=None, gguf=None)) == ["docs/RELEASE_CHECKLIST.md"]


@pytest.mark.parametrize(("card", "path"), [("model", "docs/MODEL_CARD.md"), ("data", "docs/DATA_CARD.md")])
def test_every_section_is_there_in_its_order(card: str, path: str) -> None:
    body = documents()[path].split("\n---\n", 1)[1]
    found = [section for section in sections_of(body) if section.title]
    assert [section.title for section in found] == [section.title for section in CARD_SECTIONS[card]]  # type: ignore[index]
    assert all(section.body for section in found)


def test_the_hub_reads_the_model_card(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text(documents()["docs/MODEL_CARD.md"], "utf-8")
    data = ModelCard.load(path).data
    assert (data.license, data.language, data.library_name) == ("apache-2.0", ["en"], "numpy")
    assert (data.pipeline_tag, data.tags) == ("text-generation", ["tiny"])
    assert data.metrics == ["load_ms", "pass_at_1"]
    assert data.model_name == "tiny"
    results = [(one.dataset_name, one.metric_type, one.metric_value) for one in data.eval_results or ()]
    assert results == [
        ("gguf, measured on model.gguf", "load_ms", 5.2),
        ("gguf, measured on model.gguf", "pass_at_1", 0.4),
        ("speed, measured on model.safetensors", "load_ms", 10.2),
        ("speed, measured on model.safetensors", "pass_at_1", 0.5),
    ]
    assert yaml.safe_load(data.to_yaml())["model-index"][0]["name"] == "tiny"


def test_the_hub_reads_the_data_card_and_the_results(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text(documents()["docs/DATA_CARD.md"], "utf-8")
    data = DatasetCard.load(path).data
    assert (data.license, data.pretty_name, data.size_categories) == ("apache-2.0", "tiny 1", ["1K<n<10K"])
    entries = parse_eval_result_entries(yaml.safe_load(documents()[".eval_results/tiny.yaml"]))
    assert [(one.dataset_id, one.task_id, one.value, one.notes) for one in entries] == [
        ("tiny/held-out", "gguf.pass_at_1", 0.4, "pass_at_1 of model.gguf"),
        ("tiny/held-out", "speed.pass_at_1", 0.5, "pass_at_1 of model.safetensors"),
    ]


def test_words_of_people_stand_where_they_belong_with_figures_put_in() -> None:
    card = documents()["docs/MODEL_CARD.md"]
    source = fake.content().figures["bench.speed.load_ms"].source
    assert f"A model of 10.2<!-- {source} --> ms." in card
    assert "Written for Python 3.11<!-- stated: a version -->." in card
    assert "`x\\x7cy`" in card


def test_formats_stand_side_by_side_and_positive_is_better() -> None:
    lines = shown(documents()["docs/PERF_COMPARISON.md"]).splitlines()
    assert "| metric | unit | better | `model.safetensors` | `model.gguf` | change |" in lines
    assert "| `load_ms` | `ms` | lower | 10.2 | 5.2 | +49.0 % |" in lines
    assert "| `pass_at_1` |  | higher | 0.5 | 0.4 | -20.0 % |" in lines


def test_the_last_release_is_compared_where_like_meets_like() -> None:
    lines = shown(documents()["docs/PERF_COMPARISON.md"]).splitlines()
    assert "| `speed` | `load_ms` | `ms` | lower | 12 | 10.2 | +15.0 % |" in lines
    assert "| `gguf` | `load_ms` | `ms` | lower | — | 5.2 | new |" in lines
    assert f"12<!-- {OLD} " in documents()["docs/PERF_COMPARISON.md"]


def test_a_metric_that_was_not_measured_is_an_error_never_unknown() -> None:
    data = fake.bench("speed", "safetensors", 10, 0.5)
    data["metrics"][1] |= {"samples": [], "median": None, "low": None, "high": None}
    with pytest.raises(FormatError) as caught:
        documents(speed=fake.evidence("bench/speed", data))
    assert str(caught.value) == (
        "a metric was not measured\n"
        "  wanted: a value of pass_at_1\n"
        "  found:  no sample\n"
        "  where:  evidence/bench/speed.json#/data/metrics/1\n"
        "  hint:   a document never says that a metric is unknown: measure it, or do not declare it"
    )


def test_boxes_are_ticked_from_recorded_results_only() -> None:
    text = documents()["docs/RELEASE_CHECKLIST.md"]
    assert (
        "- [x] All tests pass: unit, integration, pipeline, regression\n  - `evidence/tests/unit.json` `"
        in text
    )
    assert "- [ ] All benchmarks ran\n  - not shown by `bench: not declared`\n" in text
    assert "- [ ] Reproducible: a rebuild from scratch gave the same bytes\n" in text


def test_every_number_of_a_table_has_its_source_and_the_evidence_says_so() -> None:
    sources = known_sources(fake.content())
    for path, text in documents().items():
        for trace in traces_in(text):
            assert trace.flaw(sources) is None, (path, trace)


def test_a_template_of_the_user_takes_the_place_of_ours() -> None:
    template = b"# {{ name }}\n\n{{ traced(content.figures['quality.mean']) }}\n"
    files = fake.tree() | {"evidence/templates/RELEASE_CHECKLIST.md.j2": ("template", "recorded", template)}
    found = {one.path: one.data.decode() for one in render_documents(fake.content_of(files))}
    assert shown(found["docs/RELEASE_CHECKLIST.md"]) == "# tiny 1.1.0\n\n0.7029\n"


@pytest.mark.parametrize("template", [b"{{ nothing }}", b"{% for", b"{{ ''.__class__.__mro__ }}"])
def test_a_template_that_fails_is_named(template: bytes) -> None:
    files = fake.tree() | {"evidence/templates/RELEASE_CHECKLIST.md.j2": ("template", "recorded", template)}
    with pytest.raises(FormatError, match="the template cannot be rendered") as caught:
        render_documents(fake.content_of(files))
    assert caught.value.where == "evidence/templates/RELEASE_CHECKLIST.md.j2:1"


@pytest.mark.parametrize(
    ("name", "template", "message"),
    [
        (
            "RELEASE_CHECKLIST",
            "# A\n\nRight in 97 % of cases.\n",
            (
                "a template renders a document that says what no evidence says\n"
                '  wanted: {{ figure("name") }} for what was measured, {{ stated("text", "why") }} for another fact\n'
                "  found:  97 %\n"
                "  where:  docs/RELEASE_CHECKLIST.md:3\n"
                "  hint:   correct the template of RELEASE_CHECKLIST.md in [cards.templates]"
            ),
        ),
        (
            "MODEL_CARD",
            "## Overview\n\nWords.\n",
            (
                "a template renders a document without a section that it must have\n"
                "  wanted: a section ## Intended use\n"
                "  found:  none\n"
                "  where:  docs/MODEL_CARD.md:4\n"
                "  hint:   correct the template of MODEL_CARD.md in [cards.templates]"
            ),
        ),
    ],
)
def test_a_template_cannot_make_a_document_lie(name: str, template: str, message: str) -> None:
    files = fake.tree() | {f"evidence/templates/{name}.md.j2": ("template", "recorded", template.encode())}
    with pytest.raises(FormatError) as caught:
        render_documents(fake.content_of(files))
    assert str(caught.value) == message


def test_what_windows_writes_gives_the_same_documents() -> None:
    texts = {"evidence/cards/model.md": fake.MODEL_TEXT, "evidence/cards/data.md": fake.DATA_TEXT}
    other = {
        path: ("card-text", "recorded", b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
        for path, text in texts.items()
    }
    assert render_documents(fake.content_of(fake.tree() | other)) == render_documents(fake.content())


def test_a_comment_of_people_is_in_no_document() -> None:
    forged = f"A model. <!-- evidence/quality.json#/x sha256:{'0' * 16} -->\n<!--\n## Uses\n-->"
    text = fake.MODEL_TEXT.replace("A model of", f"{forged} A model of").encode()
    files = fake.tree() | {"evidence/cards/model.md": ("card-text", "recorded", text)}
    card = {one.path: one.data.decode() for one in render_documents(fake.content_of(files))}[
        "docs/MODEL_CARD.md"
    ]
    assert "0" * 16 not in card
    assert "## Uses" not in card


def test_a_figure_that_is_not_there_is_named_with_its_line() -> None:
    text = fake.MODEL_TEXT.replace("bench.speed.load_ms", "bench.speed.lod_ms").encode()
    files = fake.tree() | {"evidence/cards/model.md": ("card-text", "recorded", text)}
    with pytest.raises(FormatError) as caught:
        render_documents(fake.content_of(files))
    assert caught.value.where == "cards/model.md:3"
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("did you mean bench.speed.load_ms")


def test_evidence_that_is_not_of_its_kind_is_refused() -> None:
    broken = dump_canonical({"schema_version": 1, "kind": "bench", "subjects": {}, "data": {"name": 1}})
    with pytest.raises(FormatError, match="evidence is not of its kind, bench"):
        fake.content(speed=broken)


def _digest_elsewhere(python: str, **environ: str) -> str:
    code = (
        "import hashlib\n"
        "from release_tasks.stages.documents_action import render_documents\n"
        "from tests.fakes.released_documents import content\n"
        "found = hashlib.sha256()\n"
        "for one in render_documents(content()):\n"
        "    found.update(one.data)\n"
        "print(found.hexdigest())\n"
    )
    packages = os.pathsep.join([str(ROOT), *(path for path in sys.path if path.endswith("site-packages"))])
    done = subprocess.run(
        [python, "-c", code],
        env={"PATH": os.environ["PATH"], "HOME": "/", "PYTHONPATH": packages, **environ},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    if "ModuleNotFoundError" in done.stderr or "ImportError" in done.stderr:
        pytest.skip(f"what the documents need cannot be imported there: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_bytes_are_the_same_under_other_zone_locale_and_hash_seed() -> None:
    found = {
        _digest_elsewhere(sys.executable, TZ=zone, LC_ALL=locale, PYTHONHASHSEED=seed)
        for zone, locale, seed in (("UTC", "C", "0"), ("Asia/Tokyo", "de_DE.UTF-8", "7"))
    }
    assert len(found) == 1


@pytest.mark.parametrize("version", PYTHONS)
def test_the_bytes_are_the_same_under_another_python(version: str) -> None:
    homes = sorted(
        Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob(f"versions/{version}.*/bin/python")
    )
    if not homes:
        pytest.skip(f"there is no Python {version} here")
    assert _digest_elsewhere(str(homes[-1])) == _digest_elsewhere(sys.executable)
