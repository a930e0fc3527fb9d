"""Planted secrets: one for each rule of a scanner, put together at run time, valid for nothing.

They are written in pieces, so that no scanner of source code stumbles over this file.
"""

from __future__ import annotations

from itertools import cycle, islice

_MIXED = "q7Zk2LmX9vB4nT1cR8wY5dHs3Gj6PfAeU0iO"
_LOWER = "q7zk2lmx9vb4nt1cr8wy5dhs3gj6pfaeu0io"
_UPPER = "Q7ZK2LMXVB4NT5CRWY3DHSGJ6PFAEUI"  # of Base32, as AWS names keys
_LETTERS = "qzklmxvbntcrwydhsgjpfaeuio"
_HEX = "8f3a61c5d09e27b4"


def _body(alphabet: str, length: int) -> str:
    return "".join(islice(cycle(alphabet), length))


def private_key() -> str:
    """A block that is formed like a private key."""
    label = "RSA PRIVATE" + " KEY"
    lines = (f"-----BEGIN {label}-----", _body(_MIXED, 64), _body(_MIXED[::-1], 64), f"-----END {label}-----")
    return "\n".join(lines)


def aws_key() -> str:
    """An access key id as AWS forms them."""
    return "AK" + "IA" + _body(_UPPER, 16)


def github_token() -> str:
    """A personal access token as GitHub forms them."""
    return "gh" + "p_" + _body(_MIXED, 36)


def hugging_face_token() -> str:
    """A user access token as Hugging Face forms them."""
    return "h" + "f_" + _body(_LETTERS.title().swapcase() + _LETTERS, 34)


def random_text(length: int = 36) -> str:
    """A text that looks random."""
    return _body(_MIXED, length)


# By the name that detect-secrets gives a rule (`secret_type`); the last ones are our own.
PLANTED: dict[str, str] = {
    "Artifactory Credentials": "password: " + "AK" + "C" + _body(_MIXED, 20),
    "AWS Access Key": f"aws_access_key_id = {aws_key()}",
    "Azure Storage Account access key": "Account" + "Key=" + _body(_MIXED, 86) + "==",
    "Basic Auth Credentials": "see https://someone:" + _body(_LOWER, 12) + "@example.invalid/",
    "Cloudant Credentials": "cloudant_" + "password=" + _body(_HEX, 64),
    "Discord Bot Token": "M" + _body(_MIXED, 23) + "." + _body(_MIXED, 6) + "." + _body(_MIXED, 27),
    "GitHub Token": github_token(),
    "GitLab Token": "gl" + "pat-" + _body(_MIXED, 20),
    "IBM Cloud IAM Key": "ibm_cloud_iam_" + "key = " + _body(_MIXED, 44),
    "IBM COS HMAC Credentials": "secret_access_" + "key=" + _body(_HEX, 48),
    "JSON Web Token": "ey" + "JhbGciOiJIUzI1NiJ9" + "." + "ey" + "JzdWIiOiIxIn0" + "." + _body(_MIXED, 40),
    "Mailchimp Access Key": _body(_LOWER, 32) + "-us" + "7",
    "NPM tokens": "//registry.example.invalid/:_auth" + "Token=" + "npm_" + _body(_MIXED, 36),
    "OpenAI Token": "sk" + "-" + _body(_MIXED, 20) + "T3Blbk" + "FJ" + _body(_MIXED, 20),
    "Private Key": private_key(),
    "PyPI Token": "py" + "pi-AgEIcHlwaS5vcmc" + _body(_MIXED, 80),
    "SendGrid API Key": "SG" + "." + _body(_MIXED, 22) + "." + _body(_MIXED, 43),
    "Slack Token": "xo" + "xb-" + _body("1234567890", 12) + "-" + _body(_LOWER, 24),
    "SoftLayer Credentials": "softlayer_api_" + "key=" + _body(_LOWER, 64),
    "Square OAuth Secret": "sq0" + "csp-" + _body(_MIXED, 43),
    "Stripe Access Key": "sk" + "_live_" + _body(_MIXED, 24),
    "Telegram Bot Token": _body("1234567890", 10) + ":" + _body(_MIXED, 35),
    "Twilio API Key": "S" + "K" + _body(_HEX, 32),
    "Hugging Face Token": hugging_face_token(),
    "Google API Key": "AI" + "za" + _body(_MIXED, 35),
    "Anthropic API Key": "sk" + "-ant-" + "api03-" + _body(_MIXED, 93) + "AA",
    "Base64 High Entropy String": random_text(),
    "Hex High Entropy String": _body(_HEX + _HEX[::-1], 48),
    "Secret Keyword": "database_" + 'password: "Tr0ub4dor&3"',
}
