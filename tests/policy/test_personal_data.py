from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release_tasks.policy.personal_data import iban_check, idnp_check, luhn, personal_data


def iban(country: str, body: str) -> str:
    """An IBAN with the right check digits."""
    moved = "".join(str(int(char, 36)) for char in f"{body}{country}00")
    return f"{country}{98 - int(moved) % 97:02d}{body}"


MD = iban("MD", "MA00000777123456789X")
POSITIVE = {
    "e-mail": ["write to ion.popescu@mail.md, please", "<A.B+c@sub.firm-x.co.uk>"],
    "phone": ["call +373 69 123 456", "+40721234567", "(212) 664-7665", "212-664-7665.", "tel:+44 20 7123 4567"],
    "iban": [MD, f"{MD[:4]} {MD[4:8]} {MD[8:12]} {MD[12:16]} {MD[16:20]} {MD[20:24]} IS HERE", iban("DE", "500105175407324931")],
    "credit card": ["4539 1488 0343 6467", "card 5500005555555559.", "3714-496353-98456"],
    "ip address": ["from 93.184.216.34 at noon", "[2a00:1450:4001:81b:0:0:0:200e]"],
    "ssn": ["his number 536-90-4399"],
    "idnp": ["IDNP 2002004012344", "0991234567893"],
}  # fmt: skip
EXEMPT = {
    "e-mail": ["a@example.com", "b@mail.example.org", "c@host.test", "d@x.invalid", "@decorator", "x = a @ b.c1"],
    "phone": ["+1 212 555 0123", "212-555-0199", "+44 20 7946 0018", "123-456-7890", "+1234", "1 + 20000000", "2026-11-21"],
    "iban": ["GB82 WEST 1234 5698 7654 32", "MD24AG000225100013104168", MD[:-1] + "Y", "AB12345678901234", "DE12"],
    "credit card": ["4111 1111 1111 1111", "378282246310005", "4539148803436468", "1234567890123456", "0.4539148803436467"],
    "ip address": ["127.0.0.1", "10.1.2.3", "192.0.2.77", "version 8.8.4.4", "v4.30.2.1", "2001:db8:1:2:3:4:5:6", "a[1::2]", "1.2.3", "300.1.1.1"],
    "ssn": ["000-12-3456", "666-12-3456", "912-34-5678", "078-05-1120", "123-00-4567", "123-45-0000", "1-123-45-6789"],
    "idnp": ["2002004012343", "5002004012344", "20020040123421"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, texts in POSITIVE.items() for text in texts]
)
def test_every_kind_is_found(kind: str, text: str) -> None:
    """P11: the positive controls of the pattern of each kind."""
    assert personal_data(text) == (kind,)


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in EXEMPT.items() for text in texts])
def test_reserved_and_broken_values_are_none(kind: str, text: str) -> None:
    assert kind not in personal_data(text)


def test_several_kinds_are_told_in_order() -> None:
    assert personal_data("536-90-4399 a@b.md 93.184.216.34") == ("e-mail", "ip address", "ssn")


@pytest.mark.parametrize("check", [luhn, idnp_check])
@settings(deadline=None)
@given(digits=st.text("0123456789", min_size=13, max_size=13), change=st.integers(0, 12))
def test_one_wrong_digit_spoils_a_checksum(check: object, digits: str, change: int) -> None:
    assert callable(check)
    if check is idnp_check and change == 12:
        return
    other = str((int(digits[change]) + 1) % 10)
    bent = digits[:change] + other + digits[change + 1 :]
    assert not (check(digits) and check(bent))


@settings(deadline=None)
@given(st.text("0123456789", min_size=18, max_size=18))
def test_check_digits_of_an_iban(body: str) -> None:
    good = iban("DE", body)
    assert iban_check(good)
    assert not iban_check(good[:-1] + str((int(good[-1]) + 1) % 10))


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_looked_at(text: str) -> None:
    assert list(personal_data(text)) == sorted(personal_data(text))
