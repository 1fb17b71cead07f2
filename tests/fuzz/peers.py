"""The answers of PyJWT, configured as strictly as possible, and of this library about one token."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import jwt

from privy_middleware import AccessTokenClaims, PrivyUser
from privy_middleware.errors import InvalidToken
from tests.support.tokens import APP_ID, SIGNER, verifier

__all__ = ["pyjwt_accepts", "we_accept"]

JUDGE = verifier()
PUBLIC = SIGNER.private.public_key()
OPTIONS: Any = {"require": ["exp", "sub", "iss", "aud"], "verify_exp": False, "verify_iat": False, "verify_nbf": False}


def pyjwt_accepts(token: str) -> dict[str, Any] | None:
    """Return PyJWT's claims, or ``None`` if it rejects the token with any error."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token, PUBLIC, algorithms=["ES256"], audience=APP_ID, issuer="privy.io", options=OPTIONS
        )
    except Exception:
        return None
    return claims


def we_accept(token: str) -> tuple[PrivyUser | AccessTokenClaims, ...]:
    """Return our result for a token, as either kind; any exception that is not ours fails the test."""
    accepted = []
    for verify in (JUDGE.verify_identity_token, JUDGE.verify_access_token):
        for _ in range(2):
            with suppress(InvalidToken):
                accepted.append(verify(token))
    return tuple(accepted)
