"""The text of release_policy.yml that `init` writes: every gate and every threshold that there is."""

from __future__ import annotations

import json
from collections.abc import Iterator

from release_tasks.policy.gates import DEFAULT_POLICY, GATES
from release_tasks.policy.profiles import PROFILES
from release_tasks.policy.thresholds import THRESHOLDS
from release_tasks.policy.waivers import WAIVERS_USED, WAIVERS_USED_DOC

POLICY_SCHEMA = ".release/policy.schema.json"
_POINTS = {
    "candidate": "Before packaging, over the evidence.",
    "seal": "Before a candidate is tagged or published.",
}
_ANSWERED = """\
# Findings for which a person answers, until the end of a day: one gate, about the file of one digest.
# An expired waiver refuses; one that matched nothing is reported.
# waivers:
#   - gate: smoke
#     reason: the sample is cut off at 64 tokens, which the next version mends
#     by: Ada Lovelace <ada@example.org>
#     expires: 2099-12-31
#     applies_to: sha256:0000000000000000000000000000000000000000000000000000000000000000

# Findings of the secret scan that are no secrets: one file, exactly, and the fingerprint that it printed.
# exceptions:
#   - path: README.md
#     rule: Secret Keyword
#     fingerprint: "0000000000000000000000000000000000000000"
#     reason: the password of an example
"""


def policy_text() -> str:
    """Every gate as it counts without a policy; all else as comments that are right when uncommented."""
    return "\n".join((*_gates(), "", *_strictness(), "", *_thresholds(), "", _ANSWERED, *_profiles())) + "\n"


def _gates() -> Iterator[str]:
    yield f"# yaml-language-server: $schema={POLICY_SCHEMA}"
    yield "schema: 1"
    yield ""
    yield "# A gate is hard (refuses the release), soft (warns) or off (is not asked). Not listed is hard."
    yield "gates:"
    usual = dict(DEFAULT_POLICY.gates)
    for point, when in _POINTS.items():
        yield ""
        yield f"  # {when}"
        for gate in (gate for gate in GATES if gate.point == point):
            yield f"  {gate.name}: {usual.get(gate.name, 'hard')}  # {gate.doc}"
        if point == "candidate":
            yield f"  {WAIVERS_USED}: {usual.get(WAIVERS_USED, 'hard')}  # {WAIVERS_USED_DOC}"


def _strictness() -> Iterator[str]:
    yield "# The gates that `doit release --soft` may turn into warnings; such a release cannot be published."
    yield "soft_allowed: [smoke]"
    yield ""
    yield "# Whether warnings refuse too. Left out, the profile decides; --strict on the command line wins."
    yield "# strict: true"
    yield ""
    yield "# Gates that refuse when release.toml declares nothing for them; the others are then skipped."
    undeclared = [gate.name for gate in GATES if gate.undeclared is not None]
    yield f"# required: [{', '.join(undeclared)}]"
    yield ""
    yield "# A command of release.toml that holds one of these texts measures a mock, and is refused."
    yield f"# mock_patterns: {json.dumps(DEFAULT_POLICY.mock_patterns)}"


def _thresholds() -> Iterator[str]:
    yield "# Numbers that the gates compare with. Those given are in force unless a profile says otherwise."
    yield "# thresholds:"
    for name, threshold in THRESHOLDS.items():
        if threshold.default is None:
            yield f"#   # {name}: not in force unless set; {threshold.doc}"
        else:
            yield f"#   {name}: {threshold.default}  # {threshold.doc}"


def _profiles() -> Iterator[str]:
    yield "# Profiles of your own, chosen with release.profile. What stands above wins over a profile."
    yield f"# Built in: {', '.join(PROFILES)}."
    yield "# profiles:"
    yield "#   nightly:"
    yield "#     strict: false"
    yield "#     required: [smoke]"
    yield "#     gates: { weights-canonical: soft }"
    yield "#     thresholds: { max_duplicate_rate: 0.05 }"
