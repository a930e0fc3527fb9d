"""Personal data in texts: patterns with their checksums, and what is reserved for examples and never counts.

Only the kind is told, never the value: evidence is released. Each kind has the exceptions that its standard
reserves; see docs/reference/dataset.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_network

_EMAIL = re.compile(
    r"(?<![\w.+-])[A-Za-z0-9][\w.+%-]{0,63}@((?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24})(?![\w-])", re.ASCII
)
_RESERVED_TLDS = frozenset({"example", "invalid", "localhost", "test"})  # RFC 2606, RFC 6761
_RESERVED_DOMAINS = frozenset({"example.com", "example.net", "example.org"})

_INTERNATIONAL = re.compile(r"(?<![\w+])\+[1-9](?:[ .()-]{0,2}\d){7,14}(?!\d)", re.ASCII)
_NORTH_AMERICAN = re.compile(
    r"(?<![\w.-])(?:\([2-9]\d\d\) ?|[2-9]\d\d[-.])[2-9]\d\d[-.]\d{4}(?![\w-])", re.ASCII
)
# Numbers for fiction: 555-0100 to 555-0199 (NANPA), and Ofcom's for drama, national part.
_FICTION = re.compile(r"(1?\d{3}55501\d\d|44(207946|7700900|1632960|1184960)\d{3,4})", re.ASCII)

_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\.?\w)", re.ASCII)
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{1,4}:{1,2}){3,7}[0-9A-Fa-f]{1,4}(?![\w:])", re.ASCII)
_VERSION_BEFORE = re.compile(r"(?:\bv|version|release)[ :=]{0,2}$", re.ASCII | re.IGNORECASE)
# IANA special-purpose registries (RFC 6890), documentation (RFC 5737, RFC 3849), multicast, reserved.
_RESERVED_V4 = tuple(map(ip_network, (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
    "203.0.113.0/24", "224.0.0.0/3",
)))  # fmt: skip
_GLOBAL_V6, _RESERVED_V6 = ip_network("2000::/3"), tuple(map(ip_network, ("2001:db8::/32", "3fff::/20")))

_SSN = re.compile(r"(?<![\w-])(\d{3})-(\d{2})-(\d{4})(?![\w-])", re.ASCII)
_SSN_PRINTED = frozenset({"078-05-1120", "219-09-9999"})  # in advertisements, void since

_CARD = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])", re.ASCII)
_CARD_KINDS = re.compile(
    r"4\d{12}(\d{3}){0,2}|5[1-5]\d{14}|2(22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|3(0[0-5]|[68]\d)\d{11}|6(011|5\d\d|4[4-9]\d)\d{12}|35(2[89]|[3-8]\d)\d{12}",
    re.ASCII,
)
# Published by the networks and processors for tests.
_TEST_CARDS = (
    "4111111111111111 4242424242424242 4012888888881881 4000056655665556 4222222222222 5555555555554444"
    " 5105105105105100 5200828282828210 2223003122003222 378282246310005 371449635398431 378734493671000"
    " 6011111111111117 6011000990139424 30569309025904 38520000023237 3530111333300000 3566002020360505"
)
_CARDS_FOR_TESTS = frozenset(_TEST_CARDS.split())

_IBAN = re.compile(r"(?<!\w)([A-Z]{2})\d{2}(?: ?[A-Z0-9])*", re.ASCII)
# SWIFT's IBAN registry: the length in each country.
_COUNTRIES = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28"
    " EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26"
    " IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28"
    " NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25"
    " SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30"
)
_IBAN_LENGTHS = {item[:2]: int(item[2:]) for item in _COUNTRIES.split()}
# Examples of the same registry and of encyclopaedias.
_EXAMPLE_IBANS = (
    "GB29NWBK60161331926819 GB82WEST12345698765432 GB33BUKB20201555555555 DE89370400440532013000"
    " FR1420041010050500013M02606 ES9121000418450200051332 IT60X0542811101000000123456 NL91ABNA0417164300"
    " CH9300762011623852957 BE68539007547034 RO49AAAA1B31007593840000 MD24AG000225100013104168"
    " UA213223130000026007233566001 PL61109010140000071219812874 AT611904300234573201"
)
_IBANS_FOR_EXAMPLES = frozenset(_EXAMPLE_IBANS.split())

_IDNP = re.compile(r"(?<![\w.-])[02][09]\d{11}(?![\w-])", re.ASCII)


def luhn(digits: str) -> bool:
    """The check of ISO/IEC 7812-1: every second digit from the right doubled, the sum a multiple of ten."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(doubled) + sum(map(int, digits[::-2]))) % 10 == 0


def iban_check(compact: str) -> bool:
    """The check of ISO 13616: the first four characters moved to the end, letters from 10, modulo 97 is 1."""
    return int("".join(str(int(char, 36)) for char in compact[4:] + compact[:4])) % 97 == 1


def idnp_check(digits: str) -> bool:
    """The check of the Moldovan personal number: weights 7, 3, 1 over 12 digits, modulo 10 the last."""
    return sum(int(digit) * (7, 3, 1)[n % 3] for n, digit in enumerate(digits[:12])) % 10 == int(digits[12])


def _emails(text: str) -> Iterator[bool]:
    for match in _EMAIL.finditer(text):
        labels = match[1].lower().split(".")
        yield labels[-1] not in _RESERVED_TLDS and ".".join(labels[-2:]) not in _RESERVED_DOMAINS


def _phones(text: str) -> Iterator[bool]:
    for match in (*_INTERNATIONAL.finditer(text), *_NORTH_AMERICAN.finditer(text)):
        digits = re.sub(r"\D", "", match[0])
        grouped = len(match[0]) > len(digits) + 1
        enough = 10 <= len(digits) <= 15 or (grouped and len(digits) >= 8)
        yield enough and not _FICTION.fullmatch(digits)


def _addresses(text: str) -> Iterator[bool]:
    for match in _IPV4.finditer(text):
        try:
            address = IPv4Address(match[0])
        except AddressValueError:
            continue
        yield not (
            _VERSION_BEFORE.search(text[: match.start()][-12:]) or any(address in net for net in _RESERVED_V4)
        )
    for match in _IPV6.finditer(text):
        try:
            wide = IPv6Address(match[0])
        except AddressValueError:
            continue
        yield wide in _GLOBAL_V6 and not any(wide in net for net in _RESERVED_V6)


def _security_numbers(text: str) -> Iterator[bool]:
    for match in _SSN.finditer(text):
        area, group, serial = match.groups()
        void = area in {"000", "666"} or area[0] == "9" or group == "00" or serial == "0000"
        yield not void and match[0] not in _SSN_PRINTED


def _cards(text: str) -> Iterator[bool]:
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        yield bool(_CARD_KINDS.fullmatch(digits)) and luhn(digits) and digits not in _CARDS_FOR_TESTS


def _ibans(text: str) -> Iterator[bool]:
    for match in _IBAN.finditer(text):
        length = _IBAN_LENGTHS.get(match[1], 0)
        # What follows in capitals after a space is another word: the country says where the number ends.
        groups = match[0].split(" ")
        ends = ["".join(groups[: count + 1]) for count in range(len(groups))]
        compact = next((end for end in ends if len(end) == length), "")
        yield bool(compact) and iban_check(compact) and compact not in _IBANS_FOR_EXAMPLES


def _personal_numbers(text: str) -> Iterator[bool]:
    for match in _IDNP.finditer(text):
        yield idnp_check(match[0])


_KINDS: dict[str, Callable[[str], Iterator[bool]]] = {
    "credit card": _cards,
    "e-mail": _emails,
    "iban": _ibans,
    "idnp": _personal_numbers,
    "ip address": _addresses,
    "phone": _phones,
    "ssn": _security_numbers,
}
_WORTH_A_LOOK = re.compile(r"@|\d.*\d|::", re.DOTALL)


def personal_data(text: str) -> tuple[str, ...]:
    """The kinds of personal data in a text, sorted, each once; reserved and example values are none."""
    if not _WORTH_A_LOOK.search(text):
        return ()
    return tuple(kind for kind, find in _KINDS.items() if any(find(text)))
