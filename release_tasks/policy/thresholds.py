"""Every threshold that a policy may set, its default, and what it limits; each is read by a gate (K3)."""

from __future__ import annotations

from release_tasks.records.frozen_record import frozen_positional


@frozen_positional
class Threshold:
    """A limit: `default` is in force when neither policy nor profile says otherwise; None: not in force."""

    default: float | None
    doc: str


THRESHOLDS: dict[str, Threshold] = {
    "max_file_size_mb": Threshold(50, "largest dataset file, MB of 10^6 bytes, inclusive"),
    "min_validation_rate": Threshold(
        0.95, "least share of dataset files without a schema violation, inclusive"
    ),
    "min_schema_valid_rate": Threshold(None, "least share of records that pass the schema, inclusive"),
    "max_duplicate_rate": Threshold(0.02, "share of duplicate records must stay below this, exclusive"),
    "max_marginal_l1_mean": Threshold(0.10, "mean L1 distance of marginals from their targets, inclusive"),
    "max_marginal_l1_category": Threshold(0.25, "L1 distance of any one marginal from its target, inclusive"),
    "max_fallback_critical": Threshold(0.70, "share of fallback values in a critical field, inclusive"),
    "max_fallback_supercritical": Threshold(
        0.50, "share of fallback values in a super-critical field, inclusive"
    ),
    "max_mock_ratio": Threshold(0.20, "share of mock texts, inclusive"),
    "min_ess_ratio": Threshold(0.50, "effective sample size over records (Kish 1965), inclusive"),
    "max_weight_concentration": Threshold(
        0.20, "share of all weight in the heaviest 1 % of records, inclusive"
    ),
    "max_cache_age_days": Threshold(60, "age of a fetched source at the decision, days, inclusive"),
    "min_compile_rate": Threshold(None, "least share of samples that compile, inclusive"),
    "min_pass_at_1": Threshold(None, "least pass@1, inclusive"),
    "min_pass_at_5": Threshold(None, "least pass@5, inclusive"),
    "min_pass_at_10": Threshold(None, "least pass@10, inclusive"),
    "max_latency_ms_per_token": Threshold(None, "median latency of a token, milliseconds, inclusive"),
    "max_rss_mb": Threshold(None, "peak resident memory, MB of 10^6 bytes, inclusive"),
    "max_regression": Threshold(0.05, "relative worsening of a metric that states no limit, inclusive"),
    "min_parity_tau_fp32": Threshold(0.95, "least Kendall tau-b of an FP32 pair, inclusive"),
    "max_parity_nll_fp32": Threshold(0.01, "largest difference of mean NLL of an FP32 pair, nats, inclusive"),
    "min_parity_tau_quantised": Threshold(0.60, "least Kendall tau-b of a quantised pair, inclusive"),
    "max_parity_nll_quantised": Threshold(
        0.02, "largest difference of mean NLL of a quantised pair, nats, inclusive"
    ),
    "min_rebuild_level": Threshold(
        1, "least level of a rebuild before sealing (0 where no step makes the weights), inclusive"
    ),
    "min_rebuild_likeness": Threshold(
        3, "how alike a rebuilt file must be: 3 bytes, 2 tensors, 1 within tolerance, inclusive"
    ),
}
