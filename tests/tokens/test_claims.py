"""The rules of the claims, one at a time."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from privy_middleware.errors import (
    InvalidClaims,
    TokenExpired,
    TokenNotYetValid,
    WrongAudience,
    WrongIssuer,
    WrongTokenKind,
)
from privy_middleware.tokens.claims import (
    check_access,
    check_audience,
    check_identity,
    check_issuer,
    check_times,
    is_text,
    numeric_date,
    required_date,
    share_names,
)
from tests.support.tokens import ACCESS, IDENTITY, MISSING, NOW, changed

NO_DATES: list[Any] = [
    None,
    True,
    False,
    "1800000000",
    " 9999999999 ",
    "٣",
    [],
    {},
    0,
    -1,
    -0.0,
    253402300800,
    1e300,
    10**400,
]
NO_DATES += [math.inf, -math.inf, math.nan]


@pytest.mark.parametrize("value", [1, 0.5, NOW, NOW + 0.25, 253402300799, 253402300799.5])
def test_numeric_date(value: float) -> None:
    """RFC 7519 §2: a JSON number, whole or not, up to the end of the year 9999."""
    assert numeric_date({"exp": value}, "exp") == value
    assert required_date({"exp": value}, "exp") == value


def test_absent_date() -> None:
    """An absent date is none, and an error where it is required."""
    assert numeric_date({}, "exp") is None
    with pytest.raises(InvalidClaims):
        required_date({}, "exp")


@pytest.mark.parametrize("value", NO_DATES)
@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
def test_what_is_no_date(name: str, value: Any) -> None:
    """Strings, booleans and what no clock will ever show."""
    with pytest.raises(InvalidClaims):
        check_times({"exp": NOW + 60, name: value}, NOW, 10)


def test_exp_is_required() -> None:
    """A token without an end is refused."""
    with pytest.raises(InvalidClaims):
        check_times({"iat": NOW}, NOW, 10)


@pytest.mark.parametrize("leeway", [0, 0.5, 10, 60])
def test_the_edge_of_exp(leeway: float) -> None:
    """RFC 7519 §4.1.4: expired *on* or after; here the leeway is added."""
    claims = {"exp": NOW}
    assert check_times(claims, NOW + leeway - 0.25, leeway) == NOW
    for now in (NOW + leeway, NOW + leeway + 0.25):
        with pytest.raises(TokenExpired):
            check_times(claims, now, leeway)


@pytest.mark.parametrize("name", ["nbf", "iat"])
@pytest.mark.parametrize("leeway", [0, 0.5, 10, 60])
def test_the_edge_of_nbf_and_iat(name: str, leeway: float) -> None:
    """RFC 7519 §4.1.5: not before, less the leeway; ``iat`` likewise."""
    claims = {"exp": NOW + 3600, name: NOW}
    assert check_times(claims, NOW - leeway, leeway) == NOW + 3600
    with pytest.raises(TokenNotYetValid):
        check_times(claims, NOW - leeway - 0.25, leeway)


def test_the_later_of_nbf_and_iat_counts() -> None:
    """Both have to lie in the past."""
    for first, second in ((NOW, NOW + 100), (NOW + 100, NOW)):
        with pytest.raises(TokenNotYetValid):
            check_times({"exp": NOW + 3600, "nbf": first, "iat": second}, NOW, 10)


@pytest.mark.parametrize(
    "issuer", [MISSING, None, "", "privy.io ", "Privy.io", "privy.i", "privy.io.evil", ["privy.io"], 1, {}]
)
def test_wrong_issuer(issuer: Any) -> None:
    """RFC 8725 §3.8: the issuer, a string, exactly."""
    with pytest.raises(WrongIssuer):
        check_issuer(changed(IDENTITY, {"iss": issuer}), "privy.io")


def test_right_issuer() -> None:
    """The issuer passes, and says so by saying nothing."""
    check_issuer(IDENTITY, "privy.io")


@pytest.mark.parametrize("lists", [True, False])
@pytest.mark.parametrize(
    "audience", [MISSING, None, "", "app", "test-app2", "Test-app", "test-app ", 1, True, {"test-app": 1}]
)
def test_wrong_audience(audience: Any, lists: bool) -> None:
    """RFC 8725 §3.9: no prefix, no substring, no other type."""
    with pytest.raises(WrongAudience):
        check_audience(changed(IDENTITY, {"aud": audience}), "test-app".__eq__, lists=lists)


@pytest.mark.parametrize("audience", [[], ["x"], ["test-app", 1], ["test-app", None], [["test-app"]], ["test", "app"]])
def test_lists_that_are_no_audience(audience: list[Any]) -> None:
    """RFC 7519 §4.1.3: a list of strings alone, with the app among them."""
    for members in (audience, tuple(audience)):
        with pytest.raises(WrongAudience):
            check_audience({"aud": members}, "test-app".__eq__, lists=True)


def test_right_audience() -> None:
    """One string always, a list of strings where lists are allowed."""
    accepts = "test-app".__eq__
    for lists in (True, False):
        check_audience({"aud": "test-app"}, accepts, lists=lists)
    for members in (["test-app"], ["x", "test-app"], ("x", "test-app")):
        check_audience({"aud": members}, accepts, lists=True)
        with pytest.raises(WrongAudience):
            check_audience({"aud": members}, accepts, lists=False)


def test_text() -> None:
    """A claim that names something is a string with something in it."""
    assert is_text("a")
    assert not any(is_text(value) for value in ("", None, 1, b"a", ["a"], True))


def test_names_are_shared() -> None:
    """Thousands of tokens that are kept hold each name of a claim once, and their values as they came."""
    text = json.dumps({**IDENTITY, **ACCESS, "nbf": NOW, "jti": "a", "guest": "t", "custom_metadata": "{}"})
    one, other = (share_names(json.loads(text)) for _ in range(2))
    assert one == other == json.loads(text)
    assert all(first is second for first, second in zip(one, other, strict=True))


def test_access_token() -> None:
    """A subject, a session, a time of issue."""
    check_access(ACCESS)


@pytest.mark.parametrize("name", ["sub", "sid"])
@pytest.mark.parametrize("value", [MISSING, None, "", 1, True, ["a"], {}])
def test_access_claims_are_strings(name: str, value: Any) -> None:
    """``sub`` and ``sid`` name somebody and something."""
    with pytest.raises(InvalidClaims):
        check_access(changed(ACCESS, {name: value}))


def test_access_needs_iat() -> None:
    """``issued_at`` is one of the six claims that the app is given."""
    with pytest.raises(InvalidClaims):
        check_access(changed(ACCESS, {"iat": MISSING}))


@pytest.mark.parametrize("accounts", ["[]", None, [], "garbage"])
def test_linked_accounts_rule_an_access_token_out(accounts: Any) -> None:
    """RFC 8725 §3.12: the kinds exclude one another, whatever the claim holds."""
    with pytest.raises(WrongTokenKind):
        check_access(changed(ACCESS, {"linked_accounts": accounts}))


def test_access_token_is_no_identity_token() -> None:
    """RFC 8725 §3.12, the other way round."""
    with pytest.raises(WrongTokenKind):
        check_identity(ACCESS)
    with pytest.raises(InvalidClaims):
        check_identity(changed(ACCESS, {"sid": MISSING}))


def test_identity_token() -> None:
    """Accounts and metadata come out of their strings; metadata is optional."""
    assert check_identity(IDENTITY) == ([], None)
    full = changed(IDENTITY, {"linked_accounts": '[{"type":"email"}]', "custom_metadata": '{"a":1}'})
    assert check_identity(full) == ([{"type": "email"}], {"a": 1})


@pytest.mark.parametrize("value", [MISSING, None, "", 1, True, ["a"]])
def test_identity_needs_a_subject(value: Any) -> None:
    """A user without an id is nobody."""
    with pytest.raises(InvalidClaims):
        check_identity(changed(IDENTITY, {"sub": value}))


@pytest.mark.parametrize(
    "value", [None, [], {}, 1, True, "", "not json", "null", "{}", '"[]"', "1", '[{"a":1,"a":2}]', "[NaN]"]
)
def test_linked_accounts_are_a_list_in_a_string(value: Any) -> None:
    """Anything else is an invalid token, never an exception of ``json``."""
    with pytest.raises(InvalidClaims):
        check_identity(changed(IDENTITY, {"linked_accounts": value}))


@pytest.mark.parametrize(
    "value", [None, [], {}, 1, True, "", "not json", "null", "[]", '"{}"', "1", '{"a":1,"a":2}', '{"a":NaN}']
)
def test_custom_metadata_is_an_object_in_a_string(value: Any) -> None:
    """As for the accounts."""
    with pytest.raises(InvalidClaims):
        check_identity(changed(IDENTITY, {"custom_metadata": value}))


@pytest.mark.parametrize("value", [None, 1, True, ["a"], {}])
def test_a_tokens_own_name_is_a_string(value: Any) -> None:
    """RFC 7519 §4.1.7; it is not required."""
    for base, check in ((IDENTITY, check_identity), (ACCESS, check_access)):
        check(changed(base, {"jti": "a"}))
        with pytest.raises(InvalidClaims):
            check(changed(base, {"jti": value}))
