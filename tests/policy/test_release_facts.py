from __future__ import annotations

from release_tasks.policy.release_facts import environment_facts, licence_facts, metadata_facts, verdict_facts


def test_times_hashes_and_seconds_are_left_out() -> None:
    environment = {
        "decided_at": "2026-01-31T12:00:00Z",
        "numeric_id": "v3",
        "packages": {"numpy": "2"},
        "steps": {"train": {"seconds": 3, "hermetic": True}, "lost": None},
    }
    machine = [{"name": "cpu", "value": "Xeon"}, {"name": "cpu_count", "value": "2"}]
    assert environment_facts(environment, {"benches": [{"machine": machine}, {"machine": machine}, {}]}) == {
        "numeric_id": "v3",
        "packages": {"numpy": "2"},
        "steps": {"train": {"hermetic": True}},
        "cpu": ["Xeon"],
    }
    assert metadata_facts({"training_seed": 7, "model_hash": "x", "date": "y"}) == {"training_seed": 7}
    assert licence_facts({"license": "MIT", "name": "x"}) == {"license": "MIT"}


def test_the_verdict_by_gate() -> None:
    verdict = {
        "decision": "PASS",
        "codes": ["PASS"],
        "gates": [{"gate": "smoke", "status": "pass", "findings": []}, 3],
    }
    assert verdict_facts(verdict) == {"decision": "PASS", "codes": ["PASS"], "gates": {"smoke": "pass"}}


def test_records_of_another_shape_have_no_facts() -> None:
    assert environment_facts(None, ["x"]) == {}
    assert verdict_facts([]) == {"gates": {}}
    assert metadata_facts(None) == licence_facts("x") == {}
    assert environment_facts({"steps": 3}, {"benches": [{"machine": 3}, {"machine": [3]}]}) == {}
