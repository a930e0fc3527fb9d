from __future__ import annotations

from release_tasks.policy.marginal_error import category_name, l1_distance, shares


def test_marginals_are_weighted_shares() -> None:
    found = shares([("f", 3.0), ("m", 1.0), (None, 0.0), (True, 0.0)])
    assert found == {"f": 0.75, "m": 0.25, "null": 0.0, "true": 0.0}
    assert l1_distance(found, {"f": 0.5, "m": 0.5}) == 0.5
    assert l1_distance({"f": 1.0}, {"m": 1.0}) == 2.0
    assert shares([("f", 0.0)]) == {}
    assert category_name("é") == "é"
