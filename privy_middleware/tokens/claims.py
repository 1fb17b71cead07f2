"""Checks of the claims: their types, the issuer, the audience, the times and the kind of the token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

from privy_middleware.errors import (
    InvalidClaims,
    TokenExpired,
    TokenNotYetValid,
    WrongAudience,
    WrongIssuer,
    WrongTokenKind,
)
from privy_middleware.tokens.strict_json import NotStrictJSON, decode

__all__ = [
    "Claims",
    "SAME_IN_ALL",
    "TokenKind",
    "check_access",
    "check_audience",
    "check_identity",
    "check_issuer",
    "check_times",
    "is_text",
    "numeric_date",
    "required_date",
    "share_strings",
    "wrong_audience",
]

Claims: TypeAlias = Mapping[str, Any]
TokenKind: TypeAlias = Literal["identity", "access", "web3auth", "custom"]

SAME_IN_ALL = ("iss", "aud")
"""The claims that have the same value in all tokens of an app, or one of a few values."""

_YEAR_10000 = 253402300800
_REGISTERED = ("iss", "sub", "aud", "exp", "nbf", "iat", "jti")
_PRIVATE = ("sid", "cr", "guest", "linked_accounts", "custom_metadata")
_NAMES = {name: name for name in _REGISTERED + _PRIVATE}


def share_strings(claims: Claims, common: Mapping[str, str]) -> dict[str, Any]:
    """Return the claims with interned names, and with the issuer and the audience of ``common`` if they are there.

    This saves memory, because decoding JSON makes new strings for each token.
    """
    shared = {_NAMES.get(name, name): value for name, value in claims.items()}
    for name in SAME_IN_ALL:
        value = shared.get(name)
        if isinstance(value, str):
            shared[name] = common.get(value, value)
    return shared


def is_text(value: object) -> bool:
    """Return whether a value is a string that is not empty."""
    return isinstance(value, str) and value != ""


def numeric_date(claims: Claims, name: str) -> float | None:
    """Return a NumericDate in Unix seconds, or ``None`` if the claim is missing (RFC 7519 §2).

    Raises:
        InvalidClaims: if it is not a JSON number between 1970 and the year 10000.
    """
    if name not in claims:
        return None
    value = claims[name]
    if type(value) not in (int, float) or not 0 < value < _YEAR_10000:
        raise InvalidClaims(f"The claim {name} is not a number of seconds since 1970.")
    number: float = value
    return number


def required_date(claims: Claims, name: str) -> float:
    """Return a NumericDate in Unix seconds.

    Raises:
        InvalidClaims: if it is missing or not a NumericDate.
    """
    value = numeric_date(claims, name)
    if value is None:
        raise InvalidClaims(f"The claim {name} is missing.")
    return value


def check_times(claims: Claims, now: float, leeway: float, max_age: float | None = None) -> float:
    """Check that the token is valid at ``now``, and return when it expires (RFC 7519 §4.1.4-4.1.6).

    It expires at ``exp``, or ``max_age`` seconds after ``iat`` if that is sooner. All times are in Unix seconds.

    Raises:
        InvalidClaims: if a time is of the wrong type, ``exp`` is missing, or ``iat`` is missing and there is a
            ``max_age``.
        TokenExpired: if ``now`` is at or past the expiry plus ``leeway``.
        TokenNotYetValid: if ``nbf`` or ``iat`` is more than ``leeway`` in the future.
    """
    expires = required_date(claims, "exp")
    if max_age is not None:
        expires = min(expires, required_date(claims, "iat") + max_age)
    starts = max(numeric_date(claims, "nbf") or 0, numeric_date(claims, "iat") or 0)
    if now >= expires + leeway:
        raise TokenExpired(f"The token expired {now - expires:.0f} s ago (leeway {leeway:g} s).")
    if now < starts - leeway:
        raise TokenNotYetValid(
            f"The token is valid from {starts - now:.0f} s in the future on (leeway {leeway:g} s): compare the clocks."
        )
    return expires


def check_issuer(claims: Claims, issuer: str) -> None:
    """Check that ``iss`` is exactly the issuer (RFC 8725 §3.8).

    Raises:
        WrongIssuer: if it is anything else.
    """
    found = claims.get("iss")
    if not isinstance(found, str) or found != issuer:
        raise WrongIssuer(f"The issuer (iss) is not {issuer}.")


def check_audience(claims: Claims, accepts: Callable[[str], bool], *, lists: bool, expected: str) -> None:
    """Check that ``aud`` is an accepted string or, with ``lists``, a list of strings with one (RFC 7519 §4.1.3).

    ``expected`` says in a few words what is accepted, for the message.

    Raises:
        WrongAudience: if it is missing, of another type, or contains no accepted audience.
    """
    audience = claims.get("aud")
    if isinstance(audience, str):
        accepted = accepts(audience)
    else:
        members = audience if lists and isinstance(audience, list | tuple) else ()
        accepted = all(isinstance(member, str) for member in members) and any(map(accepts, members))
    if not accepted:
        raise WrongAudience(wrong_audience(claims, expected))


def wrong_audience(claims: Claims, expected: str) -> str:
    """Return the sentence for an ``aud`` that is not accepted; ``expected`` says what is."""
    audience = claims.get("aud")
    if audience is None:
        return f"The token has no audience (aud); {expected}."
    if not isinstance(audience, str):
        return f"The audience (aud) is not a string with the right value; {expected}."
    return f"The audience (aud) is another app's; {expected}."


def _check_names(claims: Claims) -> None:
    """Check ``sub``, which is required, and ``jti``, which is optional (RFC 7519 §4.1.2, §4.1.7)."""
    if not is_text(claims.get("sub")):
        raise InvalidClaims("The claim sub is not a non-empty string.")
    if not isinstance(claims.get("jti", ""), str):
        raise InvalidClaims("The claim jti is not a string.")


def check_access(claims: Claims) -> None:
    """Check the claims of an access token: ``sub``, ``sid`` and ``iat``.

    An identity token has the same key, issuer, audience and type, and is recognised by ``linked_accounts`` (RFC 8725
    §3.12).

    Raises:
        WrongTokenKind: if it is an identity token.
        InvalidClaims: if a claim is missing or of the wrong type.
    """
    if "linked_accounts" in claims:
        raise WrongTokenKind("The token is an identity token (it has linked_accounts), where an access token belongs.")
    _check_names(claims)
    if not is_text(claims.get("sid")):
        raise InvalidClaims("The claim sid is not a non-empty string.")
    required_date(claims, "iat")


def check_identity(claims: Claims) -> tuple[list[Any], dict[str, Any] | None]:
    """Check the claims of an identity token, and return its linked accounts and its metadata, decoded.

    In the token both are strings that contain JSON.

    Raises:
        WrongTokenKind: if it is an access token.
        InvalidClaims: if a claim is missing or of the wrong type.
    """
    if "linked_accounts" not in claims and "sid" in claims:
        raise WrongTokenKind("The token is an access token (it has sid), where an identity token belongs.")
    _check_names(claims)
    accounts = _decode_inner(claims, "linked_accounts", list)
    metadata = _decode_inner(claims, "custom_metadata", dict) if "custom_metadata" in claims else None
    return accounts, metadata


def _decode_inner(claims: Claims, name: str, wanted: type) -> Any:
    text = claims.get(name)
    if not isinstance(text, str):
        raise InvalidClaims(f"The claim {name} is not a string that contains JSON.")
    try:
        value = decode(text)
    except NotStrictJSON:
        raise InvalidClaims(f"The claim {name} is not a string that contains JSON.") from None
    if not isinstance(value, wanted):
        raise InvalidClaims(f"The claim {name} does not contain a JSON {'list' if wanted is list else 'object'}.")
    return value
