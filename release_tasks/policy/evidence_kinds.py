"""Every kind of evidence and its shape: a missing measurement must never read as a pass."""

from __future__ import annotations

from release_tasks.policy.bench_gates import BENCH_KINDS
from release_tasks.policy.candidate_gates import CANDIDATE_KINDS
from release_tasks.policy.change_gates import CHANGE_KINDS
from release_tasks.policy.dataset_gates import DATASET_KINDS
from release_tasks.policy.distribution_gates import DISTRIBUTION_KINDS
from release_tasks.policy.evaluation_gates import EVALUATION_KINDS
from release_tasks.policy.evidence_shape import EvidenceKind
from release_tasks.policy.freeze_gates import FREEZE_KINDS
from release_tasks.policy.parity_gates import PARITY_KINDS
from release_tasks.policy.recipe_gates import RECIPE_KINDS
from release_tasks.policy.seal_gates import SEAL_KINDS
from release_tasks.policy.secret_gates import SECRET_KINDS
from release_tasks.policy.suite_gates import SUITE_KINDS

EVIDENCE_KINDS: dict[str, EvidenceKind] = {
    **CANDIDATE_KINDS,
    **FREEZE_KINDS,
    **RECIPE_KINDS,
    **DISTRIBUTION_KINDS,
    **SUITE_KINDS,
    **PARITY_KINDS,
    **DATASET_KINDS,
    **SECRET_KINDS,
    **EVALUATION_KINDS,
    **BENCH_KINDS,
    **CHANGE_KINDS,
    **SEAL_KINDS,
}
