"""The rules for claims, one by one."""

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
    share_strings,
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
    """A date is a JSON number, integer or not, up to the end of the year 9999 (RFC 7519 §2)."""
    assert numeric_date({"exp": value}, "exp") == value
    assert required_date({"exp": value}, "exp") == value


def test_absent_date() -> None:
    """A missing date is ``None``, or an error if it is required."""
    assert numeric_date({}, "exp") is None
    with pytest.raises(InvalidClaims):
        required_date({}, "exp")


@pytest.mark.parametrize("value", NO_DATES)
@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
def test_what_is_no_date(name: str, value: Any) -> None:
    """Strings, booleans and impossible times are rejected."""
    with pytest.raises(InvalidClaims):
        check_times({"exp": NOW + 60, name: value}, NOW, 10)


def test_exp_is_required() -> None:
    """A token without an expiry is rejected."""
    with pytest.raises(InvalidClaims):
        check_times({"iat": NOW}, NOW, 10)


@pytest.mark.parametrize("leeway", [0, 0.5, 10, 60])
def test_the_edge_of_exp(leeway: float) -> None:
    """A token has expired on or after ``exp``, plus the leeway (RFC 7519 §4.1.4)."""
    claims = {"exp": NOW}
    assert check_times(claims, NOW + leeway - 0.25, leeway) == NOW
    for now in (NOW + leeway, NOW + leeway + 0.25):
        with pytest.raises(TokenExpired):
            check_times(claims, now, leeway)


@pytest.mark.parametrize("name", ["nbf", "iat"])
@pytest.mark.parametrize("leeway", [0, 0.5, 10, 60])
def test_the_edge_of_nbf_and_iat(name: str, leeway: float) -> None:
    """A token is not valid before ``nbf``, less the leeway (RFC 7519 §4.1.5); the same applies to ``iat``."""
    claims = {"exp": NOW + 3600, name: NOW}
    assert check_times(claims, NOW - leeway, leeway) == NOW + 3600
    with pytest.raises(TokenNotYetValid):
        check_times(claims, NOW - leeway - 0.25, leeway)


def test_the_later_of_nbf_and_iat_counts() -> None:
    """Both must be in the past."""
    for first, second in ((NOW, NOW + 100), (NOW + 100, NOW)):
        with pytest.raises(TokenNotYetValid):
            check_times({"exp": NOW + 3600, "nbf": first, "iat": second}, NOW, 10)


@pytest.mark.parametrize(
    "issuer", [MISSING, None, "", "privy.io ", "Privy.io", "privy.i", "privy.io.evil", ["privy.io"], 1, {}]
)
def test_wrong_issuer(issuer: Any) -> None:
    """The issuer must be exactly the expected string (RFC 8725 §3.8)."""
    with pytest.raises(WrongIssuer):
        check_issuer(changed(IDENTITY, {"iss": issuer}), "privy.io")


def test_right_issuer() -> None:
    """The right issuer raises no error."""
    check_issuer(IDENTITY, "privy.io")


@pytest.mark.parametrize("lists", [True, False])
@pytest.mark.parametrize(
    "audience", [MISSING, None, "", "app", "test-app2", "Test-app", "test-app ", 1, True, {"test-app": 1}]
)
def test_wrong_audience(audience: Any, lists: bool) -> None:
    """A prefix, a substring or another type is rejected (RFC 8725 §3.9)."""
    with pytest.raises(WrongAudience):
        check_audience(changed(IDENTITY, {"aud": audience}), "test-app".__eq__, lists=lists, expected="test-app")


@pytest.mark.parametrize("audience", [[], ["x"], ["test-app", 1], ["test-app", None], [["test-app"]], ["test", "app"]])
def test_lists_that_are_no_audience(audience: list[Any]) -> None:
    """A list must contain only strings, including the app (RFC 7519 §4.1.3)."""
    for members in (audience, tuple(audience)):
        with pytest.raises(WrongAudience):
            check_audience({"aud": members}, "test-app".__eq__, lists=True, expected="test-app")


def test_right_audience() -> None:
    """A string is always accepted, and a list of strings where lists are allowed."""
    accepts = "test-app".__eq__
    for lists in (True, False):
        check_audience({"aud": "test-app"}, accepts, lists=lists, expected="test-app")
    for members in (["test-app"], ["x", "test-app"], ("x", "test-app")):
        check_audience({"aud": members}, accepts, lists=True, expected="test-app")
        with pytest.raises(WrongAudience):
            check_audience({"aud": members}, accepts, lists=False, expected="test-app")


def test_text() -> None:
    """A claim that is a name must be a string that is not empty."""
    assert is_text("a")
    assert not any(is_text(value) for value in ("", None, 1, b"a", ["a"], True))


def test_names_are_shared() -> None:
    """Thousands of cached tokens share the name of each claim, and the values that many have in common."""
    text = json.dumps({**IDENTITY, **ACCESS, "nbf": NOW, "jti": "a", "guest": "t", "custom_metadata": "{}"})
    common = {name: name for name in ("test-app", "of another app")}
    one, other = (share_strings(json.loads(text), common) for _ in range(2))
    assert one == other == json.loads(text)
    assert all(first is second for first, second in zip(one, other, strict=True))
    assert one["aud"] is other["aud"]
    assert one["iss"] is not other["iss"]
    assert share_strings({"aud": ["test-app"]}, common) == {"aud": ["test-app"]}


def test_access_token() -> None:
    """A subject, a session and an issue time are required."""
    check_access(ACCESS)


@pytest.mark.parametrize("name", ["sub", "sid"])
@pytest.mark.parametrize("value", [MISSING, None, "", 1, True, ["a"], {}])
def test_access_claims_are_strings(name: str, value: Any) -> None:
    """``sub`` and ``sid`` must be strings that are not empty."""
    with pytest.raises(InvalidClaims):
        check_access(changed(ACCESS, {name: value}))


def test_access_needs_iat() -> None:
    """``issued_at`` is one of the six claims that the app gets."""
    with pytest.raises(InvalidClaims):
        check_access(changed(ACCESS, {"iat": MISSING}))


@pytest.mark.parametrize("accounts", ["[]", None, [], "garbage"])
def test_linked_accounts_rule_an_access_token_out(accounts: Any) -> None:
    """The two kinds exclude each other, whatever the claim contains (RFC 8725 §3.12)."""
    with pytest.raises(WrongTokenKind):
        check_access(changed(ACCESS, {"linked_accounts": accounts}))


def test_access_token_is_no_identity_token() -> None:
    """The same in the other direction (RFC 8725 §3.12)."""
    with pytest.raises(WrongTokenKind):
        check_identity(ACCESS)
    with pytest.raises(InvalidClaims):
        check_identity(changed(ACCESS, {"sid": MISSING}))


def test_identity_token() -> None:
    """Accounts and metadata are parsed from their strings; metadata is optional."""
    assert check_identity(IDENTITY) == ([], None)
    full = changed(IDENTITY, {"linked_accounts": '[{"type":"email"}]', "custom_metadata": '{"a":1}'})
    assert check_identity(full) == ([{"type": "email"}], {"a": 1})


@pytest.mark.parametrize("value", [MISSING, None, "", 1, True, ["a"]])
def test_identity_needs_a_subject(value: Any) -> None:
    """A user must have an ID."""
    with pytest.raises(InvalidClaims):
        check_identity(changed(IDENTITY, {"sub": value}))


@pytest.mark.parametrize(
    "value", [None, [], {}, 1, True, "", "not json", "null", "{}", '"[]"', "1", '[{"a":1,"a":2}]', "[NaN]"]
)
def test_linked_accounts_are_a_list_in_a_string(value: Any) -> None:
    """Anything else is an invalid token, and never an exception of ``json``."""
    with pytest.raises(InvalidClaims):
        check_identity(changed(IDENTITY, {"linked_accounts": value}))


@pytest.mark.parametrize(
    "value", [None, [], {}, 1, True, "", "not json", "null", "[]", '"{}"', "1", '{"a":1,"a":2}', '{"a":NaN}']
)
def test_custom_metadata_is_an_object_in_a_string(value: Any) -> None:
    """The same as for the accounts."""
    with pytest.raises(InvalidClaims):
        check_identity(changed(IDENTITY, {"custom_metadata": value}))


@pytest.mark.parametrize("value", [None, 1, True, ["a"], {}])
def test_a_tokens_own_name_is_a_string(value: Any) -> None:
    """``jti`` is not required (RFC 7519 §4.1.7)."""
    for base, check in ((IDENTITY, check_identity), (ACCESS, check_access)):
        check(changed(base, {"jti": "a"}))
        with pytest.raises(InvalidClaims):
            check(changed(base, {"jti": value}))
