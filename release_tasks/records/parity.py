"""What was measured of one prompt of a pair of formats, and the row by which it is measured again (B19)."""

from __future__ import annotations

from release_tasks.records.digest import Digest
from release_tasks.records.frozen_record import frozen
from release_tasks.records.json_value import JSONObject

SCHEMA_VERSION = 1


@frozen
class Agreement:
    """How alike two formats answer one prompt.

    `tau` is the median Kendall τ-b over the `informative` steps, None when there are too few of them. The
    NLLs are means over the `tokens` that something predicts, in nats. `self_delta_nll` is the reference
    against itself: mean NLL of the chosen tokens when it chose them, and when they are given to it.
    """

    tau: float | None
    informative: int
    tokens: int
    reference_nll: float
    candidate_nll: float
    self_delta_nll: float

    @property
    def delta_nll(self) -> float:
        """Absolute difference of the two mean NLLs, nats."""
        return abs(self.reference_nll - self.candidate_nll)

    def fails(self, *, min_tau: float, max_nll: float) -> bool:
        """Tell whether this prompt alone misses a limit; both are inclusive."""
        return self.tau is None or self.tau < min_tau or self.delta_nll > max_nll

    def to_json(self) -> JSONObject:
        """Write the figures that were measured as plain JSON."""
        return {
            "tau": self.tau,
            "informative": self.informative,
            "tokens": self.tokens,
            "reference_nll": self.reference_nll,
            "candidate_nll": self.candidate_nll,
            "self_delta_nll": self.self_delta_nll,
        }


@frozen
class ParityRow:
    """One prompt with everything that its measurement rests on.

    `command` has its placeholder `{model}`. `tokens` are all ids, of which `prompt_tokens` stand before the
    first chosen one. `files` are the digests of everything the command could read besides the models. The
    thresholds are those of the pair, else the built-in ones of its kind; `fails` speaks of them.
    """

    row: int
    pair: str
    kind: str
    command: tuple[str, ...]
    reference: tuple[str, Digest]
    candidate: tuple[str, Digest]
    files: tuple[tuple[str, Digest], ...]
    prompt: str
    steps: int
    seed: int
    tokens: tuple[int, ...]
    prompt_tokens: int
    min_tau: float
    max_nll: float
    commit: str | None
    found: Agreement

    @property
    def fails(self) -> bool:
        """Tell whether this prompt alone misses one of the row's thresholds."""
        return self.found.fails(min_tau=self.min_tau, max_nll=self.max_nll)

    def to_json(self) -> JSONObject:
        """Write the row as plain JSON."""
        return {
            "schema_version": SCHEMA_VERSION,
            "row": self.row,
            "pair": self.pair,
            "kind": self.kind,
            "command": list(self.command),
            "reference": {"path": self.reference[0], "digest": str(self.reference[1])},
            "candidate": {"path": self.candidate[0], "digest": str(self.candidate[1])},
            "files": {path: str(digest) for path, digest in self.files},
            "prompt": self.prompt,
            "steps": self.steps,
            "seed": self.seed,
            "tokens": list(self.tokens),
            "prompt_tokens": self.prompt_tokens,
            "thresholds": {"min_tau": self.min_tau, "max_nll": self.max_nll},
            "commit": self.commit,
            "found": {**self.found.to_json(), "delta_nll": self.found.delta_nll},
            "fails": self.fails,
        }
