"""The development issuer, its personas, and a shared key cache."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, assert_type

from privy_middleware import PrivyConfig, PrivyUser
from privy_middleware.development import (
    PERSONAS,
    DevelopmentIssuer,
    DevelopmentUsers,
    Persona,
    WebhookDelivery,
    development_issuer,
)
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


def users_and_webhooks(issuer: DevelopmentIssuer, path: Path) -> None:
    assert_type(DevelopmentIssuer(state=path), DevelopmentIssuer)
    assert_type(issuer.users, DevelopmentUsers)
    assert_type(issuer.users["ada"], Persona)
    wallets: list[str | Mapping[str, Any]] = [
        "0x79a08eFE34a7A0De99bbddF3b46E83E103c82555",
        {"address": "a", "chain_type": "ton"},
    ]
    assert_type(issuer.add_user("mary", wallets=wallets, custom_metadata={"seats": 3}), Persona)
    assert_type(issuer.load_users(path), list[Persona])
    assert_type(issuer.user("mary"), PrivyUser)
    delivery = issuer.webhook("user.deleted", issuer.users["mary"], account=None)
    assert_type(delivery, WebhookDelivery)
    assert_type((dict(delivery.headers), delivery.body), tuple[dict[str, str], bytes])
    assert_type((issuer.app_secret, issuer.webhook_secret), tuple[str, str])
    assert_type((issuer.api_url, issuer.login_url("http://localhost:8000")), tuple[str, str])
    assert_type(DevelopmentIssuer(same_site="Lax").refresh_url("http://localhost:8000"), str)
    assert_type(issuer.keys_available, bool)
    assert_type(issuer.withdraw(issuer.kid), None)


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
