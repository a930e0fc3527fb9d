"""What each gate code means, and what to do about it (P2, P4, P9)."""

from __future__ import annotations

from release_tasks.records.frozen_record import frozen_positional
from release_tasks.records.gate_code import Category, GateCode


@frozen_positional
class CodeInfo:
    """What a code means: a code that is not `hard` warns, whatever its gate; `priority` is 1 (page) to 10."""

    category: Category
    hard: bool
    priority: int
    recommendation: str


_HARD, _WARNS = True, False
# Category, whether the codes refuse, their priority of escalation; then what to do about each.
_ROWS: tuple[tuple[Category, bool, int, dict[GateCode, str]], ...] = (
    (Category.SUCCESS, _WARNS, 10, {
        GateCode.PASS: "nothing to do",
        GateCode.PASS_WITH_WARNINGS: "read the warnings before you seal",
    }),
    (Category.LOCK, _HARD, 8, {
        GateCode.LOCK_MISSING: "run 'doit freeze' and commit release.lock",
        GateCode.LOCK_INPUTS_CHANGED: "restore the input, or run 'doit freeze --update' if the change is meant",
        GateCode.LOCK_UNCOMMITTED: "commit release.lock",
        GateCode.TOKENIZER_CHANGED: "restore the frozen tokenizer, or freeze the new one under another tokenizer_version",
        GateCode.TOKENIZER_VERSION_REUSED: "raise artifacts.tokenizer_version, then run 'doit freeze --update'",
        GateCode.DATASET_VERSION_REUSED: "raise dataset.version, then run 'doit freeze --update'",
    }),
    (Category.LOCK, _HARD, 4, {
        GateCode.LOCK_OUTPUTS_CHANGED: "the same inputs gave other bytes: find out why before 'doit freeze --update'",
    }),
    (Category.LOCK, _WARNS, 8, {
        GateCode.LOCK_NUMERIC_ID_UNKNOWN: "run 'doit freeze' on this kind of machine to record its outputs",
    }),
    (Category.VERSION, _HARD, 8, {
        GateCode.VERSION_TAKEN: "raise release.version in release.toml",
        GateCode.VERSION_TOO_LOW: "run 'doit bump auto', or take back what breaks the contract: see docs/reference/versioning.md",
        GateCode.PATCH_BASE_MISSING: "name a version that was released from this repository, whose tag and lock are here",
        GateCode.PATCH_MODEL_CHANGED: "restore the weights of the base, or release a new version instead of a patch",
    }),
    (Category.VERSION, _WARNS, 10, {
        GateCode.CONTRACT_UNKNOWN: "run 'doit bump' beside the last release: it writes the contract of it into baselines/",
    }),
    (Category.CONTRACT, _HARD, 8, {
        GateCode.CONTRACT_FILE_MISSING: "declare the file in [artifacts]",
    }),
    (Category.WEIGHTS, _WARNS, 10, {
        GateCode.WEIGHTS_UNDECLARED: "nothing to do: a release of this type has no weights",
    }),
    (Category.WEIGHTS, _HARD, 4, {
        GateCode.WEIGHTS_INVALID: "write the file again from its source",
        GateCode.WEIGHTS_NOT_FINITE: "train again from a finite checkpoint",
    }),
    (Category.WEIGHTS, _HARD, 8, {
        GateCode.WEIGHTS_NOT_CANONICAL: "run 'doit canonicalize FILE', then 'doit freeze --update'",
    }),
    (Category.SECURITY, _HARD, 1, {
        GateCode.SELF_CONTAINED_PICKLE: "convert the file to safetensors",
        GateCode.SELF_CONTAINED_REMOTE_CODE: "remove the reference to code outside",
        GateCode.SECRET_FOUND: "remove the secret and revoke it: whoever has this file has it",
        GateCode.SECRETS_NOT_SCANNED: "install the scanner (pip install detect-secrets), or mend the one that finds nothing: its row in evidence/secrets.json says what it missed",
        GateCode.NETWORK_USE: "a release must work offline: remove the remote call, or the address that is fetched",
        GateCode.FILE_MODE_UNSAFE: "remove the mode bits: nobody else may write, nothing runs as another user",
    }),
    (Category.SECURITY, _WARNS, 10, {
        GateCode.SECRET_EXCEPTION_UNUSED: "remove the exception from the policy: it matches nothing",
    }),
    (Category.DISTRIBUTION, _WARNS, 10, {
        GateCode.DISTRIBUTION_UNDECLARED: "nothing to do: only a release of type tooling has a wheel",
    }),
    (Category.DISTRIBUTION, _HARD, 8, {
        GateCode.DISTRIBUTION_INVALID: "build the wheel and the source archive again, with a standard build backend",
        GateCode.DISTRIBUTION_OTHER_NAME: "make release.name and the name in pyproject.toml one",
        GateCode.DISTRIBUTION_OTHER_VERSION: "make release.version and the version that was built one",
        GateCode.DISTRIBUTION_FALLBACK_VERSION: "build from a clean checkout with its tags, or write the version down in pyproject.toml",
        GateCode.DISTRIBUTION_RECORD_MISMATCH: "build the wheel again: somebody changed it after its RECORD was written",
    }),
    (Category.DISTRIBUTION, _HARD, 1, {
        GateCode.DISTRIBUTION_MEMBER_UNSAFE: "build again without the named member: unpacking it could write elsewhere",
    }),
    (Category.SMOKE, _HARD, 4, {
        GateCode.SMOKE_FAILED: "read .release/logs/smoke.log",
        GateCode.SMOKE_SAMPLE_REFUSED: "look at the sample: it does not compile",
    }),
    (Category.SMOKE, _WARNS, 10, {
        GateCode.SMOKE_UNDECLARED: "declare [smoke] with a command that tries what is released",
        GateCode.SMOKE_LOAD_ONLY: "declare [smoke] command so that a sample is generated and checked",
    }),
    (Category.EVIDENCE, _HARD, 6, {
        GateCode.RELEASE_DAMAGED: "do not hand it out: run 'doit release', which makes it anew",
        GateCode.REBUILD_MISSING: "run 'doit reproduce'",
        GateCode.REBUILD_LEVEL_LOW: "read rebuild.md beside the release: it says what is missing for the next level",
        GateCode.EVIDENCE_MISSING: "run 'doit release'",
        GateCode.EVIDENCE_INVALID: "remove the record below .release/records and run 'doit release'",
        GateCode.EVIDENCE_STALE: "run 'doit release'",
    }),
    (Category.EVIDENCE, _HARD, 8, {
        GateCode.EVIDENCE_MOCK: "measure with the real thing: a mock proves nothing",
        GateCode.MOCK_IN_COMMAND: "remove the mock switch from the command in release.toml",
    }),
    (Category.SOURCE, _HARD, 8, {
        GateCode.SOURCE_UNKNOWN: "put the project under git and commit",
        GateCode.SOURCE_DIRTY: "commit, then run 'doit release' again",
        GateCode.POLICY_UNCOMMITTED: "commit the policy file",
        GateCode.CHANGELOG_ENTRY_VAGUE: "say what changed: amend the commit, or give the words in [[changelog.reword]]",
        GateCode.CHANGELOG_UNKNOWN: "fetch history and tags: git fetch --unshallow --tags",
    }),
    (Category.SOURCE, _WARNS, 10, {
        GateCode.COMMIT_UNCONVENTIONAL: "begin the message with its type, as in 'fix: …'; [[changelog.reword]] mends one that is pushed",
        GateCode.TODO_FOUND: "finish what is marked, or drop the mark",
    }),
    (Category.MODE, _HARD, 8, {
        GateCode.POLICY_OVERRIDDEN: "run 'doit release' without --policy",
        GateCode.RESULT_SOFT: "run 'doit release' without --soft",
        GateCode.RESULT_SNAPSHOT: "run 'doit release' without --snapshot",
        GateCode.RESULT_EXPERIMENTAL: "release it as type model under a version of its own: an experiment is never sealed",
    }),
    (Category.CHECKPOINT, _WARNS, 10, {
        GateCode.CHECKPOINT_UNDECLARED: "declare [checkpoint] with record, metric and direction",
    }),
    (Category.CHECKPOINT, _HARD, 8, {
        GateCode.CHECKPOINT_NOT_BEST: "release the checkpoint that the declared metric selects",
        GateCode.CHECKPOINT_RECORD_INVALID: "write the record of checkpoints again: every one with its digest and a finite metric",
    }),
    (Category.TESTS, _WARNS, 10, {
        GateCode.TESTS_UNDECLARED: "declare [tests.unit] with the command that runs your tests",
        GateCode.TESTS_SUITE_UNDECLARED: "declare the missing suites: unit, integration, pipeline and regression",
        GateCode.TESTS_HEURISTIC_FAILED: "look at the heuristic tests that failed: they advise, they do not block",
        GateCode.TESTS_SKIPPED: "see why tests were skipped: a skipped test proves nothing",
    }),
    (Category.TESTS, _HARD, 8, {
        GateCode.TESTS_NONE_RAN: "a suite without a single test that ran proves nothing: look at its command and at what it skips",
        GateCode.TESTS_FAILED: "read the log of the suite below .release/logs and mend what failed",
        GateCode.TESTS_COMMAND_FAILED: "the report does not tell how the run ended: read the log of the suite below .release/logs",
    }),
    (Category.BENCH, _WARNS, 10, {
        GateCode.BENCH_UNDECLARED: "declare [bench.<name>] with the command that measures the model",
        GateCode.METRIC_NEW: "nothing to compare with yet: the next release will",
    }),
    (Category.BENCH, _HARD, 8, {
        GateCode.BENCH_TARGET_MISSED: "make the model meet the target, or change it in release.toml or the policy",
        GateCode.BENCH_METRIC_MISSING: "measure the declared metric, or remove it from [bench]",
        GateCode.BENCH_METRIC_INVALID: "make release.toml and the report agree on unit, direction and exact: look at what the benchmark wrote",
        GateCode.BENCH_OTHER_MODEL: "measure the very file that is released",
        GateCode.BENCH_DIRTY: "measure again from a clean tree",
        GateCode.BENCH_OTHER_SOURCE: "measure again: the commit that the report names has other inputs than these",
        GateCode.BENCH_TOO_FEW: "raise repeats, or measure again ('doit forget bench:<name>'): the interval is too wide to say whether the target is met",
        GateCode.BASELINE_MISSING: "commit baselines/<version>.json of the last released version, which 'doit bump' writes; a shallow clone must fetch its tags",
        GateCode.BASELINE_INVALID: "restore the baseline with git: it is not what was written",
        GateCode.BASELINE_UNLIKE: "measure on the kind of machine that measured the baseline, with the same settings",
        GateCode.REGRESSION: "find what made it worse, or release it as what it is under a higher limit in release.toml",
        GateCode.REGRESSION_UNDECIDED: "raise repeats in [bench], or measure again ('doit forget bench:<name>') on a quieter machine: the interval spans the limit",
    }),
    (Category.PARITY, _HARD, 8, {
        GateCode.PARITY_UNDECLARED: "declare [parity.<pair>] for every other format of the model",
        GateCode.PARITY_FAILED: "replay a failing row of .release/records/parity with 'doit replay FILE --row N', and look at the converter",
        GateCode.PARITY_TOO_FEW: "give more or longer prompts: too few steps have three tokens in common",
        GateCode.PARITY_NOT_DETERMINISTIC: "make the logits command deterministic: two runs of it gave other tokens",
        GateCode.PARITY_INVALID: "look at the converter and at the logits command: see docs/reference/parity.md",
    }),
    (Category.DATASET, _WARNS, 10, {
        GateCode.DATASET_UNDECLARED: "declare [dataset] with the files that the model was trained on",
        GateCode.DATASET_SCHEMA_UNDECLARED: "declare dataset.schema: a JSON Schema for each record",
        GateCode.DATASET_SCHEMA_VACUOUS: "the schema constrains nothing in the data: state types and required keys",
        GateCode.DATASET_UNMATCHED_FILES: "files that no rule matches: add them to dataset.files or move them away",
        GateCode.MARGINAL_ERROR_HIGH: "reweight or collect more records of the categories that are off",
        GateCode.ESTIMATED_FIELD_USED: "say in the data card which fields are estimated",
        GateCode.ETHNOCULTURAL_FALLBACK_USED: "fetch the real values of the ethnocultural fields",
        GateCode.WEIGHT_CONCENTRATION_HIGH: "trim the largest weights",
        GateCode.NARRATIVE_TOO_SHORT: "look at the short texts",
        GateCode.NARRATIVE_TOO_LONG: "look at the long texts",
        GateCode.NARRATIVE_LANGUAGE_INVALID: "look at the texts of another language",
    }),
    (Category.DATASET, _HARD, 8, {
        GateCode.DATASET_EMPTY: "no record was found: look at dataset.files",
        GateCode.DATASET_CATEGORY_EMPTY: "add records of the category, or remove it from dataset.categories",
        GateCode.DATASET_SCHEMA_INVALID: "mend the JSON Schema itself",
        GateCode.DATASET_RECORDS_INVALID: "mend the records that violate the schema",
        GateCode.DATASET_DUPLICATES: "remove records that are the same, or nearly",
        GateCode.DATASET_FILE_TOO_LARGE: "split the file, or raise max_file_size_mb in the policy",
        GateCode.DATASET_CONTAMINATED: "remove the held-out records from the training data",
    }),
    (Category.DATASET, _HARD, 4, {
        GateCode.MARGINAL_ERROR_CRITICAL: "reweight or collect more records of the categories that are off",
    }),
    (Category.DATASET, _HARD, 10, {
        GateCode.FALLBACK_CRITICAL_FIELD: "fetch the real values of the critical fields",
        GateCode.IPF_DIVERGENCE: "the fitting of the weights did not converge: loosen the targets or add records",
        GateCode.NARRATIVE_SCHEMA_INVALID: "mend the texts that violate the schema",
        GateCode.NARRATIVE_PARSE_FAILURE: "mend the texts that do not parse",
        GateCode.NARRATIVE_MOCK_RATIO_HIGH: "replace generated stand-ins by real texts",
    }),
    (Category.DATASET, _HARD, 2, {
        GateCode.FALLBACK_SUPERCRITICAL_FIELD: "fetch the real values: these fields must not be guessed",
        GateCode.TARGET_FALLBACK_SUPERCRITICAL: "fetch the real targets of these fields: a guess cannot be a target",
    }),
    (Category.DATASET, _HARD, 6, {
        GateCode.PXWEB_CACHE_STALE: "fetch the sources again",
        GateCode.PXWEB_FETCH_FAILED: "try to fetch the source again",
    }),
    (Category.DATASET, _HARD, 3, {
        GateCode.ESS_TOO_LOW: "the weights leave too few effective records: trim them or collect more",
    }),
    (Category.DATASET, _WARNS, 5, {
        GateCode.NARRATIVE_PRONOUN_MISMATCH: "look at the texts whose pronouns differ from the declared ones",
    }),
    (Category.DATASET, _HARD, 1, {
        GateCode.NARRATIVE_PII_DETECTED: "remove the personal data before anybody else sees this release",
    }),
    (Category.CONFIG, _HARD, 10, {
        GateCode.CONFIG_INVALID_SEED: "give a seed: a whole number from 0",
        GateCode.CONFIG_VERSION_MISMATCH: "make the versions in the configuration and in the records agree",
        GateCode.CONFIG_INCOMPLETE: "in strict mode every warning refuses: declare what is missing, or turn strict off",
    }),
    (Category.SYSTEM, _HARD, 7, {
        GateCode.SYSTEM_MEMORY_EXCEEDED: "run on a machine with more memory, or raise the limit",
    }),
    (Category.SYSTEM, _HARD, 8, {
        GateCode.SYSTEM_TIMEOUT: "raise the time limit, or find out what hangs",
    }),
    (Category.SYSTEM, _HARD, 10, {
        GateCode.SYSTEM_CHECKPOINT_CORRUPT: "restore the checkpoint, or train again",
    }),
    (Category.EVALUATION, _WARNS, 10, {
        GateCode.EVALUATION_UNDECLARED: "declare [evaluation.<name>] with a rubric",
        GateCode.EVALUATION_SAMPLE_SMALL: "give as many records as the rubric's sample_size asks for",
        GateCode.EVALUATION_JUDGEMENTS_FAILED: "look at the judgements that failed: each counts as 0",
    }),
    (Category.EVALUATION, _HARD, 8, {
        GateCode.EVALUATION_BELOW_THRESHOLD: "read the report: the samples score below the rubric's threshold",
        GateCode.EVALUATION_INVALID: "mend the rubric or the judge: see the report",
    }),
    (Category.WAIVER, _WARNS, 10, {
        GateCode.WAIVER_APPLIED: "a person answers for this finding until the waiver expires",
        GateCode.WAIVER_UNUSED: "remove the waiver from the policy: it matches nothing",
    }),
    (Category.WAIVER, _HARD, 8, {
        GateCode.WAIVER_EXPIRED: "mend the finding, or let its owner renew the waiver",
    }),
    (Category.SOURCE, _WARNS, 10, {
        GateCode.RECIPE_UNDECLARED: "declare [[step]] with the Python commands that make the model",
        GateCode.RECIPE_NONDETERMINISTIC: "mend the line, or accept it with '# recipe: ignore[rule] reason': see docs/reference/recipe-lint.md",
        GateCode.RECIPE_NOT_READ: "declare the Python sources of the step in its reads, and make them parse",
        GateCode.RECIPE_MARKER_UNUSED: "mend or remove the marker: it accepts nothing",
    }),
    (Category.DOCUMENTS, _HARD, 10, {
        GateCode.CARDS_UNDECLARED: "declare [cards] with model, and data for a dataset",
        GateCode.CARD_SECTION_EMPTY: "write the section: only people can say it, see docs/reference/documents.md",
        GateCode.CARD_NUMBER_UNSOURCED: 'put {{ figure("name") }} in its place, or {{ stated("3.11", "why") }} for a fact that is no measurement',
        GateCode.CARD_CALL_INVALID: 'a card calls figure("name") and stated("text", "why"), and nothing else',
    }),
)  # fmt: skip

CODES: dict[GateCode, CodeInfo] = {
    code: CodeInfo(category, hard=hard, priority=priority, recommendation=recommendation)
    for category, hard, priority, codes in _ROWS
    for code, recommendation in codes.items()
}

# "Nothing was done here", or nothing that can be used: a gate that the policy requires refuses for these,
# whatever its hardness.
NOT_DONE: frozenset[GateCode] = frozenset(
    {
        GateCode.BENCH_UNDECLARED,
        GateCode.CHECKPOINT_UNDECLARED,
        GateCode.CARDS_UNDECLARED,
        GateCode.DATASET_SCHEMA_UNDECLARED,
        GateCode.DATASET_UNDECLARED,
        GateCode.DISTRIBUTION_UNDECLARED,
        GateCode.EVALUATION_UNDECLARED,
        GateCode.EVIDENCE_INVALID,
        GateCode.EVIDENCE_MISSING,
        GateCode.EVIDENCE_MOCK,
        GateCode.EVIDENCE_STALE,
        GateCode.PARITY_UNDECLARED,
        GateCode.RECIPE_NOT_READ,
        GateCode.RECIPE_UNDECLARED,
        GateCode.SECRETS_NOT_SCANNED,
        GateCode.SMOKE_LOAD_ONLY,
        GateCode.SMOKE_UNDECLARED,
        GateCode.TESTS_NONE_RAN,
        GateCode.TESTS_SKIPPED,
        GateCode.TESTS_SUITE_UNDECLARED,
        GateCode.TESTS_UNDECLARED,
        GateCode.WEIGHTS_UNDECLARED,
    }
)
# What only releases of another type have: nobody left it out.
OTHER_TYPES: frozenset[GateCode] = frozenset({GateCode.DISTRIBUTION_UNDECLARED, GateCode.WEIGHTS_UNDECLARED})
