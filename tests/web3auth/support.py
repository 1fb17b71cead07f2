"""Web3Auth's tokens: the published examples, and tokens of any form signed with a test key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from privy_middleware.web3auth import Web3AuthConfig, Web3AuthUser, Web3AuthVerifier
from tests.support.clock import Clock
from tests.support.signers import Signer
from tests.support.tokens import HEADER, NOW, SIGNER, changed, sign

FIXTURES = Path(__file__).parents[1] / "fixtures"
PUBLISHED: dict[str, Any] = json.loads((FIXTURES / "web3auth.json").read_text())
PUBLISHED_KEYS: dict[str, Any] = json.loads((FIXTURES / "keys.json").read_text())
PUBLISHED_AT = 1747727490

SOCIAL_ISSUER = "https://api-auth.web3auth.io"
EXTERNAL_ISSUER = "https://authjs.web3auth.io"
CLIENT_ID = "test-client-id"
POINTS: list[dict[str, str]] = PUBLISHED["secp256k1_keys"]
ADDRESS = "0x809D4310d578649D8539e718030EE11e603Ee8f3"

EXTERNAL_SIGNER = Signer("external-kid")
EXTERNAL: dict[str, Any] = {
    "external_issuers": (EXTERNAL_ISSUER, "metamask"),
    "external_audiences": (CLIENT_ID, "app.example.com"),
    "external_verification_key": EXTERNAL_SIGNER.pem,
}
APP_KEY = {"type": "web3auth_app_key", "curve": "secp256k1", "public_key": POINTS[0]["compressed"]}
SOCIAL: dict[str, Any] = {
    "iss": SOCIAL_ISSUER,
    "aud": CLIENT_ID,
    "iat": NOW,
    "exp": NOW + 86400,
    "wallets": [APP_KEY],
    "userId": "ada@example.com",
    "authConnection": "google",
}
EXTERNAL_CLAIMS: dict[str, Any] = {
    "iss": EXTERNAL_ISSUER,
    "aud": CLIENT_ID,
    "iat": NOW,
    "exp": NOW + 86400,
    "wallets": [{"type": "ethereum", "address": ADDRESS}],
}


def published(name: str) -> str:
    """Return a published example's token."""
    token: str = PUBLISHED["tokens"][name]["token"]
    return token


def social(signer: Signer = SIGNER, headers: dict[str, Any] | None = None, /, **claims: Any) -> str:
    """Return the token of a social login, with changes."""
    header = changed({**HEADER, "kid": signer.kid}, headers or {})
    return sign(header, changed(SOCIAL, claims), signer.private)


def external(signer: Signer = EXTERNAL_SIGNER, /, **claims: Any) -> str:
    """Return the token of an external wallet, with changes."""
    return sign({**HEADER, "kid": signer.kid}, changed(EXTERNAL_CLAIMS, claims), signer.private)


def config(**settings: Any) -> Web3AuthConfig:
    """Return a configuration that accepts ``SIGNER`` for social logins."""
    return Web3AuthConfig(**{"client_id": CLIENT_ID, "verification_key": SIGNER.pem, **settings})


def verifier(clock: Clock | None = None, **settings: Any) -> Web3AuthVerifier:
    """Return a verifier that accepts ``SIGNER`` for social logins, at ``NOW``."""
    return Web3AuthVerifier(config(**settings), clock=clock or Clock(NOW))


def user_of(token: str, **settings: Any) -> Web3AuthUser:
    """Return the user of a token, and check that the cached result is the same."""
    judge = verifier(**settings)
    first = judge.verify_token(token)
    assert judge.verify_token(token) is first
    return first
