"""The front matter of cards, as the Hugging Face Hub reads it, and the results of `.eval_results`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from release_tasks.formats.front_matter import Front
from release_tasks.policy.content import CARDS
from release_tasks.records.content import BenchContent, Content

# Upper ends of the Hub's classes of size, in records.
_SIZES = (
    (10**3, "n<1K"),
    (10**4, "1K<n<10K"),
    (10**5, "10K<n<100K"),
    (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
    (10**8, "10M<n<100M"),
    (10**9, "100M<n<1B"),
)
_OTHER_TASK = "other"


def front_of(content: Content) -> Mapping[str, Any]:
    """What `[cards]` says for the Hub; only with evidence of kind `cards`."""
    return content.evidence(CARDS)["front"]  # type: ignore[return-value]


def model_front(content: Content) -> dict[str, Front]:
    """Front matter of a model card (modelcard.md of hub-docs), with every measured metric in model-index."""
    front = front_of(content)
    kept = {key: front[key] for key in ("language", "library_name", "pipeline_tag", "tags", "datasets")}
    metrics = dict.fromkeys(metric.name for bench in content.benches for metric in bench.metrics)
    found: dict[str, Front] = {"license": _license(content)} | {
        key: value for key, value in kept.items() if value
    }
    if metrics:
        found["metrics"] = list(metrics)
        results: list[Front] = [_result(bench, front) for bench in content.benches]
        found["model-index"] = [{"name": str(content.metadata["name"]), "results": results}]
    return {key: value for key, value in found.items() if value}


def _license(content: Content) -> str:
    """The Hub spells SPDX identifiers in lower case."""
    return str(content.metadata.get("license") or "").lower()


def _result(bench: BenchContent, front: Mapping[str, Any]) -> Front:
    name = bench.name if bench.artifact is None else f"{bench.name}, measured on {bench.artifact}"
    return {
        "task": {"type": front["pipeline_tag"] or _OTHER_TASK},
        "dataset": {"type": front["benchmark"] or bench.name, "name": name},
        "metrics": [
            {
                "type": metric.name,
                "value": metric.median,
                "name": metric.name if metric.unit == "1" else f"{metric.name} in {metric.unit}",
            }
            for metric in bench.metrics
        ],
    }


def data_front(content: Content) -> dict[str, Front]:
    """Front matter of a dataset card (datasetcard.md of hub-docs)."""
    front = front_of(content)
    count = content.figures["dataset.record_count"].value
    size = next((name for most, name in _SIZES if count < most), "n>1B")
    found: dict[str, Front] = {
        "license": _license(content),
        "language": front["language"],
        "tags": front["tags"],
        "pretty_name": f"{content.metadata['name']} {content.metadata['dataset_version']}",
        "size_categories": [size],
    }
    return {key: value for key, value in found.items() if value}


def eval_results(content: Content) -> Sequence[Front]:
    """Entries of `.eval_results/*.yaml` (hub-docs, eval_results.yaml): exact metrics on the benchmark.

    Only what is the same on every machine is a result of the model; without `benchmark` there are none. The
    date is left out, as the Hub takes that of the commit.
    """
    benchmark = front_of(content)["benchmark"]
    if benchmark is None:
        return ()
    return [
        {
            "dataset": {"id": benchmark, "task_id": f"{bench.name}.{metric.name}"},
            "value": metric.median,
            "notes": f"{metric.name} of {bench.artifact or bench.name}",
        }
        for bench in content.benches
        for metric in bench.metrics
        if metric.exact
    ]
