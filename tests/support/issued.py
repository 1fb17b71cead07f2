"""Tokens of a development issuer without a server, whose key is given to the app."""

from __future__ import annotations

from typing import Any

from privy_middleware import PrivyConfig
from privy_middleware.development import DevelopmentIssuer

__all__ = [
    "ADA",
    "GRACE",
    "INVALID_HEADER",
    "ISSUER",
    "access_header",
    "bearer_header",
    "identity_cookie",
    "identity_header",
    "issuer_config",
]

ISSUER = DevelopmentIssuer()
ADA = "did:privy:dev-ada"
GRACE = "did:privy:dev-grace"
INVALID_HEADER = {"privy-id-token": "garbage"}


def issuer_config(**settings: Any) -> PrivyConfig:
    """Return settings that accept the issuer's key."""
    return PrivyConfig(**{"app_id": ISSUER.app_id, "verification_key": ISSUER.public_key_pem, **settings})


def identity_header(persona: str = "ada", **claims: Any) -> dict[str, str]:
    """Return the header of an identity token."""
    return {"privy-id-token": ISSUER.identity_token(persona, **claims)}


def access_header(persona: str = "ada", **claims: Any) -> dict[str, str]:
    """Return the header of an access token."""
    return bearer_header(ISSUER.access_token(persona, **claims))


def bearer_header(token: str) -> dict[str, str]:
    """Return an ``Authorization`` header."""
    return {"Authorization": f"Bearer {token}"}


def identity_cookie(persona: str = "ada", **claims: Any) -> dict[str, str]:
    """Return a cookie header with an identity token."""
    return {"Cookie": f"privy-id-token={ISSUER.identity_token(persona, **claims)}"}
