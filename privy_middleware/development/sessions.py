"""The cookies of a browser that is signed in, as Privy sets them.

They are for the host name alone, and cookies know no ports (RFC 6265 §8.5), so that an app on another port gets them.
They are ``HttpOnly``, as for an app with a domain of its own. They are not ``Secure``, because there is no TLS here.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from privy_middleware.config import PrivyConfig
from privy_middleware.development.signing import compact
from privy_middleware.development.token_issuer import TokenIssuer
from privy_middleware.development.web import WebRequest
from privy_middleware.errors import InvalidToken
from privy_middleware.http.cookies import REFRESH_COOKIE, SESSION_COOKIE, cleared_cookies
from privy_middleware.verifiers.privy import PrivyVerifier

__all__ = ["SameSite", "Session", "Sessions", "TokenStatus"]

SameSite: TypeAlias = Literal["Strict", "Lax"]
_Cookies: TypeAlias = list[tuple[str, str]]

_IDENTITY, _ACCESS = PrivyConfig.identity_cookie, PrivyConfig.access_cookie
_SESSION_SECONDS = 30 * 86_400
# Browsers drop a cookie whose name and value are longer (RFC 6265bis §5.6).
_LONGEST_COOKIE = 4096


class TokenStatus(NamedTuple):
    """What a verifier says of a token in a cookie.

    Attributes:
        kind: which token it is.
        problem: why it is refused, ``None`` if it is accepted.
        expires_at: when it expires, in Unix seconds, if it is accepted.
    """

    kind: str
    problem: str | None
    expires_at: int | None


class Session(NamedTuple):
    """Who is signed in in a browser.

    Attributes:
        user: the name of the user.
        tokens: the tokens that the browser still has.
    """

    user: str
    tokens: Sequence[TokenStatus]


class Sessions:
    """Sign browsers in and out."""

    def __init__(self, issuer: TokenIssuer, same_site: SameSite) -> None:
        """Set the issuer of the tokens, and the ``SameSite`` of the cookies."""
        self._issuer = issuer
        self._same_site = same_site

    def of(self, request: WebRequest) -> Session | None:
        """Return who is signed in in the browser, ``None`` if nobody is."""
        user = self._user(request.cookie(REFRESH_COOKIE) or "")
        if user is None or request.cookie(SESSION_COOKIE) != "t":
            return None
        settings = PrivyConfig(app_id=self._issuer.app_id, verification_key=compact(self._issuer.jwks()))
        verifier = PrivyVerifier(settings, clock=self._issuer.clock)
        identity = _status(
            "Identity token", request.cookie(_IDENTITY), lambda token: _expiry_of_identity(verifier, token)
        )
        access = _status(
            "Access token", request.cookie(_ACCESS), lambda token: verifier.verify_access_token(token).expiration
        )
        return Session(user, (identity, access))

    def start(self, user: str) -> _Cookies:
        """Return the cookies that sign a user in."""
        kept = {SESSION_COOKIE: "t", REFRESH_COOKIE: f"{user}.{self._signature(user)}"}
        return [*self.renew(user), *self._cookies(kept, _SESSION_SECONDS)]

    def renew(self, user: str) -> _Cookies:
        """Return the cookies with new tokens; as Privy's, they expire with the tokens."""
        tokens = {_IDENTITY: self._issuer.identity_token(user), _ACCESS: self._issuer.access_token(user)}
        return self._cookies(tokens, int(self._issuer.lifetime))

    def expire(self, user: str) -> _Cookies:
        """Return the cookies with tokens that have expired, which the browser keeps nevertheless."""
        past = int(self._issuer.clock()) - 3600
        identity = self._issuer.identity_token(user, iat=past - 3600, exp=past)
        access = self._issuer.access_token(user, iat=past - 3600, exp=past)
        return self._cookies({_IDENTITY: identity, _ACCESS: access}, _SESSION_SECONDS)

    def drop_tokens(self) -> _Cookies:
        """Return the cookies that remove the tokens, as a browser does when they expire; the session stays."""
        return [_removed(_IDENTITY), _removed(_ACCESS)]

    def end(self) -> _Cookies:
        """Return the cookies that sign a browser out."""
        return [("Set-Cookie", value) for value in cleared_cookies((_IDENTITY, _ACCESS), None)]

    def too_long(self, user: str) -> int | None:
        """Return the length of a user's identity token if a browser does not keep it, and ``None`` if it does."""
        length = len(_IDENTITY) + len(self._issuer.identity_token(user))
        return length if length > _LONGEST_COOKIE else None

    def _cookies(self, values: Mapping[str, str], seconds: int) -> _Cookies:
        kept = {name: value for name, value in values.items() if len(name) + len(value) <= _LONGEST_COOKIE}
        attributes = f"Max-Age={seconds}; Path=/; HttpOnly; SameSite={self._same_site}"
        # A cookie that is too long is dropped, and the old one would stay.
        return [
            ("Set-Cookie", f"{name}={value}; {attributes}") if name in kept else _removed(name)
            for name, value in values.items()
        ]

    def _user(self, refresh_token: str) -> str | None:
        """Return the user of a refresh token, which is the name and its signature."""
        user, _, signature = refresh_token.rpartition(".")
        known = user in self._issuer.users and hmac.compare_digest(signature.encode(), self._signature(user).encode())
        return user if known else None

    def _signature(self, user: str) -> str:
        return hmac.digest(self._issuer.app_secret.encode(), f"session {user}".encode(), hashlib.sha256).hex()


def _removed(name: str) -> tuple[str, str]:
    return "Set-Cookie", f"{name}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"


def _expiry_of_identity(verifier: PrivyVerifier, token: str) -> int:
    return int(verifier.verify_identity_token(token).claims["exp"])


def _status(kind: str, token: str | None, expiry: Callable[[str], int]) -> TokenStatus:
    if not token:
        return TokenStatus(kind, "the browser has none", None)
    try:
        return TokenStatus(kind, None, expiry(token))
    except InvalidToken as error:
        return TokenStatus(kind, f"{error.code}: {error.detail}", None)
