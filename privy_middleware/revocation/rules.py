"""What a revocation reaches: the one place that knows which tokens are refused by which entry.

An access token names its session (``sid``), an identity token does not. So a session is revoked by two entries: one for
the access tokens with its ``sid``, and one for the tokens without ``sid`` that the user got until then.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from privy_middleware.errors import ConfigurationError
from privy_middleware.tokens.claims import Claims
from privy_middleware.users.user import AccessTokenClaims

__all__ = ["KINDS", "Kind", "Revocation", "by_session", "by_token", "by_user", "fingerprint", "subjects"]

Kind: TypeAlias = Literal["session", "identity", "user", "token"]
"""What an entry is about: a session, the tokens of a user without ``sid``, all tokens of a user, or one token."""

KINDS: tuple[Kind, ...] = get_args(Kind)

# How far the clock that a time is taken from may be ahead, in seconds.
_MAX_SKEW = 60.0
_SESSION = "give privy_auth.access, the claims of an access token, or a session id and a user id"


class Revocation(NamedTuple):
    """An entry: the tokens of a kind with this key are refused if they were issued before a time.

    Attributes:
        kind: what the entry is about.
        key: the session id, the user's id, or the fingerprint of a token.
        issued_before: tokens whose ``iat`` is smaller are refused, in Unix seconds; infinite for all of them.
    """

    kind: Kind
    key: str
    issued_before: float = math.inf


def by_session(
    session: AccessTokenClaims | Claims | str, user_id: str | None, now: float
) -> tuple[Revocation, Revocation]:
    """Return the entries that revoke a session.

    Raises:
        ConfigurationError: if the session or its user is missing, without whom no identity token would be refused.
    """
    found, user = session, user_id
    if isinstance(session, AccessTokenClaims):
        found, user = session.session_id, session.user_id
    elif isinstance(session, Mapping):
        found, user = session.get("sid", ""), session.get("sub")
    _require(_is_key(found), "session", _SESSION)
    _require(_is_key(user), "user_id", _SESSION)
    return Revocation("session", str(found)), Revocation("identity", str(user), _after(now))


def by_user(user_id: str, issued_before: float | None, now: float) -> tuple[Revocation]:
    """Return the entry that revokes all tokens that a user got until a time, in Unix seconds, by default ``now``.

    Raises:
        ConfigurationError: if the id is empty, or the time is not a number, or in the future: the entry would expire
            before the tokens that are issued until then.
    """
    _require(_is_key(user_id), "user_id", "give the id of a user, such as privy_user.id")
    until = now if issued_before is None else issued_before
    number = isinstance(until, int | float) and not isinstance(until, bool)
    past = number and -math.inf < until <= now + _MAX_SKEW
    _require(past, "issued_before", "give a time in Unix seconds that has passed")
    return (Revocation("user", user_id, _after(until)),)


def by_token(claims: Claims) -> tuple[Revocation]:
    """Return the entry that revokes one token.

    Raises:
        ConfigurationError: if ``claims`` are not all claims of a token.
    """
    complete = isinstance(claims, Mapping) and "iss" in claims and "exp" in claims
    _require(complete, "claims", "give all claims of a token, such as privy_auth.claims")
    return (Revocation("token", fingerprint(claims)),)


def subjects(user_id: str, claims: Claims) -> tuple[tuple[Kind, str], ...]:
    """Return the kinds and keys of the entries that would refuse a token, except for the entry of the token alone."""
    session = claims.get("sid")
    if isinstance(session, str) and session:
        return ("user", user_id), ("session", session)
    return ("user", user_id), ("identity", user_id)


def fingerprint(claims: Claims) -> str:
    """Return what identifies a token: a hash of its claims, because the same token can be written in two ways."""
    plain: list[tuple[str, Any]] = sorted(
        (name, value) for name, value in claims.items() if isinstance(value, str | int | float)
    )
    return hashlib.blake2b(repr(plain).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _is_key(value: object) -> bool:
    # A lone surrogate is in no token, and cannot be written to a store.
    return isinstance(value, str) and value != "" and value == value.encode("utf-8", "ignore").decode()


def _after(now: float) -> float:
    # ``iat`` is in whole seconds: a token of the same second may be older, so it is refused too.
    return float(math.floor(now) + 1)


def _require(valid: bool, name: str, fix: str) -> None:
    if not valid:
        raise ConfigurationError(name, fix)
