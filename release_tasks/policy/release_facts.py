"""What of a release's own records is worth comparing: times, hashes and paths of a run are left out."""

from __future__ import annotations

from release_tasks.records.json_value import JSON, JSONObject

_METADATA = (
    "release_type", "architecture", "training_seed", "dataset_version", "tokenizer_version", "docs_version",
    "git_dirty",
)  # fmt: skip
_ENVIRONMENT = ("generator", "numeric_id", "platform", "python", "packages", "overrides")
_VERDICT = ("decision", "codes", "profile", "strict", "mode")


def metadata_facts(metadata: JSON) -> JSONObject:
    """What a release says of itself, but for what other parts of the report compare."""
    return _picked(metadata, _METADATA)


def licence_facts(metadata: JSON) -> JSONObject:
    """The licence under which the release says it is."""
    return _picked(metadata, ("license",))


def environment_facts(environment: JSON, metrics: JSON) -> JSONObject:
    """Machine, interpreter and libraries, how each step was run, and the CPUs that benchmarks saw."""
    steps = environment.get("steps") if isinstance(environment, dict) else None
    facts = _picked(environment, _ENVIRONMENT)
    if isinstance(steps, dict):
        facts["steps"] = {
            name: {key: value for key, value in step.items() if key != "seconds"}
            for name, step in steps.items()
            if isinstance(step, dict)
        }
    cpus = sorted(_cpus(metrics))
    if cpus:
        facts["cpu"] = list[JSON](cpus)
    return facts


def _cpus(metrics: JSON) -> set[str]:
    benches = metrics.get("benches") if isinstance(metrics, dict) else None
    machines = [
        bench["machine"]
        for bench in (benches if isinstance(benches, list) else ())
        if isinstance(bench, dict) and "machine" in bench
    ]
    return {
        str(fact.get("value"))
        for facts in machines
        for fact in (facts if isinstance(facts, list) else ())
        if isinstance(fact, dict) and fact.get("name") == "cpu"
    }


def verdict_facts(verdict: JSON) -> JSONObject:
    """The decision, and the status of each gate by its name."""
    facts = _picked(verdict, _VERDICT)
    gates = verdict.get("gates") if isinstance(verdict, dict) else None
    facts["gates"] = {
        str(gate.get("gate")): gate.get("status")
        for gate in (gates if isinstance(gates, list) else ())
        if isinstance(gate, dict)
    }
    return facts


def _picked(value: JSON, keys: tuple[str, ...]) -> JSONObject:
    return {key: value[key] for key in keys if key in value} if isinstance(value, dict) else {}
