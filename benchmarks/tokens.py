"""The tokens for the measurements: valid tokens of several sizes, signed by a development issuer."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from privy_middleware import PrivyConfig
from privy_middleware.development import DevelopmentIssuer

__all__ = ["Bench", "FOUR", "ISSUER", "LONG", "SIZES", "THIRTY", "USER"]

ISSUER = "privy.io"
"""The ``iss`` of the tokens."""
USER = "did:privy:cm3np4u9j001rc8b73seqmqqk"
"""The user in measurements that need only one."""

FOUR = "4 accounts"
"""The size of the token in measurements that use only one size."""
THIRTY = "30 accounts"
SIZES = ("no accounts", FOUR, THIRTY)
LONG = "50 accounts"
"""An additional size for the memory measurements."""

_LIFETIME = 30 * 86400
_VERIFIED_AT = 1_731_974_000
_FOUR_ACCOUNTS: list[dict[str, Any]] = [
    {"type": "email", "address": "ada@example.com", "lv": _VERIFIED_AT},
    {"type": "google_oauth", "subject": "107934567890123456789", "email": "ada@example.com", "name": "Ada"},
    {
        "type": "wallet",
        "id": "benchmarkwallet000000001",
        "address": "0x79a08eFE34a7A0De99bbddF3b46E83E103c82555",
        "chain_type": "ethereum",
        "wallet_client_type": "privy",
        "lv": _VERIFIED_AT,
    },
    {"type": "twitter_oauth", "subject": "44196397", "username": "ada", "lv": _VERIFIED_AT},
]


def _wallet(number: int) -> dict[str, Any]:
    wallet = {"type": "wallet", "address": f"0x{number:040x}", "chain_type": "ethereum"}
    embedded = {"wallet_client_type": "privy", "id": f"wallet{number:018d}"}
    client = {"wallet_client_type": "metamask"} if number % 3 else embedded
    return {**wallet, **client, "lv": _VERIFIED_AT + number}


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


_CONTENTS: dict[str, dict[str, Any]] = {
    "no accounts": {"linked_accounts": "[]", "custom_metadata": None, "cr": "1731974895"},
    FOUR: {"linked_accounts": _compact(_FOUR_ACCOUNTS), "custom_metadata": _compact({"plan": "pro", "role": "admin"})},
    THIRTY: {"linked_accounts": _compact([_wallet(n) for n in range(1, 31)]), "custom_metadata": None},
    LONG: {"linked_accounts": _compact([_wallet(n) for n in range(1, 51)]), "custom_metadata": None},
}


@dataclass(frozen=True)
class Bench:
    """An issuer of tokens, and the settings that verify them.

    Attributes:
        issuer: the development issuer.
    """

    _numbers: Iterator[int] = field(default_factory=itertools.count)
    issuer: DevelopmentIssuer = field(default_factory=lambda: DevelopmentIssuer("benchmark-app", lifetime=_LIFETIME))

    def token(self, size: str = FOUR, user: str = USER) -> str:
        """Return a valid token of a size for a user."""
        return self.issuer.identity_token(sub=user, **_CONTENTS[size])

    def tokens(self, count: int, size: str = FOUR) -> list[str]:
        """Return valid tokens, each for another user that no other token is for."""
        return [self.token(size, f"did:privy:user{next(self._numbers):021d}") for _ in range(count)]

    def access_token(self) -> str:
        """Return a valid access token of the same user."""
        return self.issuer.access_token(sub=USER)

    def expired_token(self) -> str:
        """Return a token that expired ten minutes ago."""
        return self.issuer.identity_token(sub=USER, exp=int(time.time()) - 600, **_CONTENTS[FOUR])

    def foreign_token(self) -> str:
        """Return a token that is signed with another key."""
        return self.issuer.identity_token(key=ec.generate_private_key(ec.SECP256R1()), **_CONTENTS[FOUR])

    def token_of_another_app(self) -> str:
        """Return a token for another app, with the right key."""
        return self.issuer.identity_token(sub=USER, aud="another-app", **_CONTENTS[FOUR])

    def token_of_unknown_key(self) -> str:
        """Return a token with an unknown key ID."""
        return self.issuer.identity_token(headers={"kid": "nobody-has-published-this-key"}, **_CONTENTS[FOUR])

    def config(self, **settings: Any) -> PrivyConfig:
        """Return a configuration with the issuer's keys, as a key set with ``kid``."""
        return PrivyConfig(app_id=self.issuer.app_id, verification_key=self.issuer.jwks(), **settings)
