"""The table of all gates, and what a policy may say of them (design §4); `policy.decide` judges by it."""

from __future__ import annotations

from release_tasks.config.policy import Policy
from release_tasks.policy.bench_gates import BENCH_GATES
from release_tasks.policy.candidate_gates import CANDIDATE_GATES
from release_tasks.policy.change_gates import CHANGE_GATES
from release_tasks.policy.dataset_gates import DATASET_GATES
from release_tasks.policy.distribution_gates import DISTRIBUTION_GATES
from release_tasks.policy.evaluation_gates import EVALUATION_GATES
from release_tasks.policy.freeze_gates import FREEZE_GATES
from release_tasks.policy.gate import Gate
from release_tasks.policy.parity_gates import PARITY_GATES
from release_tasks.policy.recipe_gates import RECIPE_GATES
from release_tasks.policy.seal_gates import SEAL_GATES
from release_tasks.policy.secret_gates import SECRET_GATES
from release_tasks.policy.suite_gates import SUITE_GATES
from release_tasks.policy.thresholds import THRESHOLDS
from release_tasks.policy.waivers import WAIVERS_USED

GATES: tuple[Gate, ...] = (
    *CANDIDATE_GATES,
    *FREEZE_GATES,
    *RECIPE_GATES,
    *DISTRIBUTION_GATES,
    *SUITE_GATES,
    *PARITY_GATES,
    *DATASET_GATES,
    *SECRET_GATES,
    *EVALUATION_GATES,
    *BENCH_GATES,
    *CHANGE_GATES,
    *SEAL_GATES,
)
KNOWN_GATES: frozenset[str] = frozenset({*(gate.name for gate in GATES), WAIVERS_USED})
KNOWN_THRESHOLDS: frozenset[str] = frozenset(THRESHOLDS)
# Without a policy file: everything is hard but the spelling of weights that somebody else wrote.
DEFAULT_POLICY = Policy(gates=(("weights-canonical", "soft"),))
