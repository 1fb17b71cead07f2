"""The development issuer, its personas, and a shared key cache."""

from __future__ import annotations

from typing import Any, assert_type

from privy_middleware import PrivyConfig
from privy_middleware.development import PERSONAS, DevelopmentIssuer, Persona, development_issuer
from privy_middleware.keys import KeyCache, RedisKeyCache


def issued() -> None:
    assert_type(development_issuer(), DevelopmentIssuer)
    with DevelopmentIssuer("app", lifetime=60) as issuer:
        assert_type(issuer, DevelopmentIssuer)
        assert_type(issuer.config(leeway=5), PrivyConfig)
        assert_type(issuer.identity_token("ada", exp=0, headers={"kid": None}), str)
        assert_type(issuer.access_token(PERSONAS["grace"], sid="session"), str)
        assert_type(issuer.jwks(), dict[str, list[dict[str, Any]]])
        assert_type((issuer.url, issuer.jwks_url, issuer.kid, issuer.public_key_pem), tuple[str, str, str, str])


def people() -> None:
    for name, persona in PERSONAS.items():
        assert_type(name, str)
        assert_type(persona, Persona)
        assert_type(persona.did, str)
        assert_type(persona.account_types, tuple[str, ...])


def shared(cache: KeyCache) -> PrivyConfig:
    assert_type(RedisKeyCache.from_url("redis://localhost"), RedisKeyCache)
    assert_type(cache.get("key"), bytes | None)
    PrivyConfig(app_id="app", key_cache=cache)
    return PrivyConfig(app_id="app", key_cache=RedisKeyCache.from_url("redis://localhost"))
