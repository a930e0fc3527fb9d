"""`data`: what is in the data, and is it what it should be."""

from __future__ import annotations

from release_tasks.config.schema import Dataset
from release_tasks.records.evidence import evidence_path
from release_tasks.records.step import RECORDS, Step, Tree, Write
from release_tasks.stages.plan import Plan, as_reads

KIND = "dataset"
STATISTICS = f"{RECORDS}/dataset_statistics.json"
STATISTICS_ROLE = "dataset-statistics"


def dataset_inputs(dataset: Dataset) -> tuple[str, ...]:
    """The declared files and globs on which the statistics depend, sorted, each once."""
    single = {path for path in (dataset.schema, dataset.targets) if path is not None}
    return tuple(sorted({*dataset.files, *dataset.records, *dataset.holdout, *single}))


def steps(plan: Plan) -> tuple[Step, ...]:
    """Plan the one step that reads every record; none without `[dataset]`."""
    dataset = plan.release.dataset
    if dataset is None:
        return ()
    fetches = {source.record for source in dataset.sources if source.record is not None}
    # Hidden files are looked at as well: no file below the folder may be forgotten.
    below = (f"{dataset.folder}/**", f"{dataset.folder}/**/.*", f"{dataset.folder}/**/.*/**")
    folder = (Tree(below, optional=True),) if dataset.folder else ()
    return (
        Step(
            verb="data",
            run="release_tasks.stages.dataset_action:measure_dataset",
            doc="Validate, count and compare the records of the dataset.",
            args=(("dataset", repr(dataset)),),
            reads=(*as_reads(tuple(sorted({*dataset_inputs(dataset), *fetches}))), *folder),
            writes=(
                Write(evidence_path(KIND), role="evidence"),
                Write(STATISTICS, role=STATISTICS_ROLE, cls="exact"),
            ),
        ),
    )
