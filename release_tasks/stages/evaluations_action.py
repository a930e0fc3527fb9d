"""Choose samples, have them judged in the sandbox, and write evidence and a report for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from release_tasks.config.rubric import Rubric, parse_rubric
from release_tasks.config.schema import Evaluation
from release_tasks.errors import FormatError
from release_tasks.formats.canonical_json import dump_canonical
from release_tasks.formats.judge_protocol import (
    Judgement,
    judge_request,
    parse_judgements,
    parse_samples,
)
from release_tasks.formats.text_template import render_given, render_template
from release_tasks.policy.evaluation_score import choose_samples, mean, sample_score
from release_tasks.records.json_value import JSON, JSONObject
from release_tasks.stages.evaluations import report_path
from release_tasks.stages.evidence_record import write_measurement
from release_tasks.stages.execution import Context
from release_tasks.stages.measure import measured
from release_tasks.system.disk import write_atomic

# Runs a Python file of the user that defines `judge(request) -> dict`; what it raises is a failed judgement.
_LOCAL = """import json, runpy, sys
judge = runpy.run_path(sys.argv[1], run_name="__judge__")["judge"]
for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = {"id": request["id"], "scores": judge(request)}
    except Exception as error:
        answer = {"id": request["id"], "error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
"""
_STUB_SCORE = 0.5


def _requests(rubric: Rubric, samples: Sequence[JSONObject], *, where: str) -> list[JSONObject]:
    names = [criterion.name for criterion in rubric.criteria]
    return [
        judge_request(
            sample,
            instruction=render_given(
                rubric.instruction, where=f"{where}: instruction", sample=sample, criteria=rubric.criteria
            ),
            criteria=names,
        )
        for sample in samples
    ]


def _answers(context: Context, item: Evaluation, requests: Sequence[JSONObject]) -> bytes:
    """What the judge says about all samples, one line each."""
    if item.command is None:
        criteria = requests[0]["criteria"] if requests else []
        scores: JSON = dict.fromkeys(map(str, criteria if isinstance(criteria, list) else []), _STUB_SCORE)
        return b"".join(dump_canonical({"id": request["id"], "scores": scores}) for request in requests)
    local = ("python", "-c", _LOCAL, *item.command)
    with measured(
        context.workspace,
        name=f"evaluation-{item.name}",
        argv=local if item.judge == "local" else item.command,
        reads=item.reads,
        given=b"".join(map(dump_canonical, requests)),
        timeout_s=float(item.timeout_s),
    ) as done:
        return done.answer.read_bytes()


def _evidence(
    item: Evaluation, rubric: Rubric, judgements: Sequence[Judgement], *, available: int
) -> JSONObject:
    scores = [sample_score(judgement, rubric.criteria) for judgement in judgements]
    by_name: Mapping[str, list[float]] = {
        criterion.name: [dict(judgement.scores).get(criterion.name, 0.0) for judgement in judgements]
        for criterion in rubric.criteria
    }
    samples: list[JSON] = [
        {"id": judgement.sample, "score": score, "problem": judgement.problem}
        for judgement, score in zip(judgements, scores, strict=True)
    ]
    criteria: list[JSON] = [
        {"name": criterion.name, "weight": criterion.weight, "mean": mean(by_name[criterion.name])}
        for criterion in rubric.criteria
    ]
    return {
        "name": item.name,
        "mock": item.judge == "stub",
        "judge": item.judge,
        "threshold": rubric.threshold,
        "asked": rubric.sample_size,
        "available": available,
        "score": mean(scores),
        "criteria": criteria,
        "samples": samples,
    }


def evaluate(context: Context) -> None:
    """Write evidence and report of one evaluation.

    Raises ConfigErrors for a rubric that is none, FormatError for samples that are none and for a judge that
    answers more than it was asked, and whatever running its command raises; a judgement that failed is part
    of the evidence.
    """
    index = context.workspace.index
    item = next(one for one in context.plan.release.evaluations if one.name == context.step.subject)
    rubric = parse_rubric(index.locate(item.rubric).read_bytes(), where=item.rubric)
    samples = parse_samples(index.locate(item.samples).read_bytes(), where=item.samples)
    if not samples:
        raise FormatError("there is nothing to judge", wanted="samples", found="none", where=item.samples)
    chosen = choose_samples(samples, size=rubric.sample_size, seed=rubric.seed)
    requests = _requests(rubric, chosen, where=item.rubric)
    context.report(f"judging {len(requests)} samples")
    judgements = parse_judgements(
        _answers(context, item, requests),
        samples=[str(sample["id"]) for sample in chosen],
        criteria=[criterion.name for criterion in rubric.criteria],
    )
    data = _evidence(item, rubric, judgements, available=len(samples))
    target = context.workspace.root / report_path(item.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(target, render_template("evaluation.md", data=data, rubric=rubric))
    write_measurement(context, f"evaluation/{item.name}", data)
