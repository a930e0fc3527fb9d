"""Ask the user's logits command, which sees the file of one side and never that of the other."""

from __future__ import annotations

from collections.abc import Sequence

from release_tasks.config.command import fill_command
from release_tasks.config.schema import Pair
from release_tasks.errors import CommandFailed, FormatError
from release_tasks.formats.logits_protocol import (
    Answer,
    GreedyAnswer,
    GreedyRequest,
    Request,
    ScoreAnswer,
    ScoreRequest,
    dump_requests,
    parse_answers,
)
from release_tasks.policy.parity_method import agreement
from release_tasks.records.parity import Agreement
from release_tasks.stages.measure import measured
from release_tasks.stages.user_steps_action import shown_name
from release_tasks.stages.workspace import Workspace

_PROTOCOL = "the protocol is described in docs/reference/logits-protocol.md"


class LogitsCommand:
    """The logits command of one pair; each call starts it once, with a batch of requests on its stdin.

    Every call raises CommandFailed when the command fails, or answers with anything but the protocol's words.
    """

    def __init__(self, workspace: Workspace, pair: Pair, *, log: str) -> None:
        self._workspace = workspace
        self._pair = pair
        self._log = log  # stem of the names of its logs

    def greedy(self, prompts: Sequence[str]) -> tuple[GreedyAnswer, ...]:
        """Let the reference continue each prompt."""
        answers = self._ask("reference", self._greedy(prompts))
        return tuple(answer for answer in answers if isinstance(answer, GreedyAnswer))

    def again(
        self, prompts: Sequence[str], paths: Sequence[ScoreRequest]
    ) -> tuple[tuple[GreedyAnswer, ...], tuple[ScoreAnswer, ...]]:
        """Let the reference, in a process of its own, continue each prompt and score paths that it took."""
        answers = self._ask("reference", (*self._greedy(prompts), *paths))
        return (
            tuple(answer for answer in answers if isinstance(answer, GreedyAnswer)),
            tuple(answer for answer in answers if isinstance(answer, ScoreAnswer)),
        )

    def candidate(self, paths: Sequence[ScoreRequest]) -> tuple[ScoreAnswer, ...]:
        """Let the candidate score the reference's paths."""
        answers = self._ask("candidate", paths)
        return tuple(answer for answer in answers if isinstance(answer, ScoreAnswer))

    def _greedy(self, prompts: Sequence[str]) -> tuple[Request, ...]:
        pair = self._pair
        return tuple(GreedyRequest(prompt=text, steps=pair.steps, seed=pair.seed) for text in prompts)

    def _ask(self, side: str, requests: Sequence[Request]) -> tuple[Answer, ...]:
        pair, index = self._pair, self._workspace.index
        models = {"reference": pair.reference, "candidate": pair.candidate}
        model = models.pop(side)
        # A command that could read the other file might answer from it.
        reads = {model, *index.expand(pair.reads)} - set(models.values())
        with measured(
            self._workspace,
            name=f"{self._log}-{side}",
            argv=fill_command(pair.command, {"model": shown_name(model)}),
            reads=sorted(reads),
            given=dump_requests(requests),
            seed=pair.seed,
            timeout_s=float(pair.timeout_s),
        ) as done:
            data = done.answer.read_bytes()
        try:
            return parse_answers(data, requests)
        except FormatError as error:
            raise CommandFailed(
                f"the logits command of [parity.{pair.name}], {side}: {error.what}",
                wanted=error.wanted,
                found=error.found,
                where=error.where,
                hint=_PROTOCOL,
            ) from None


def compare(path: GreedyAnswer, reference: ScoreAnswer, candidate: ScoreAnswer) -> Agreement:
    """Compare what both sides say of one path."""
    return agreement(
        reference.top,
        candidate.top,
        reference_nll=reference.nll,
        candidate_nll=candidate.nll,
        chosen_nll=path.nll,
    )
