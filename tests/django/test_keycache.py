"""Workers share fetched keys in Django's cache framework."""

from __future__ import annotations

import json

from django.core.cache import caches
from django.test import override_settings

from django_privy.conf import PrivySettings
from django_privy.keycache import DjangoKeyCache
from privy_middleware import PrivyConfig, PrivyVerifier
from privy_middleware.development import DevelopmentIssuer
from tests.support.keyserver import KeyServer, reply

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "keys"},
    "other": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "others"},
}


@override_settings(CACHES=CACHES)
def test_workers_share_a_fetch() -> None:
    """Any cache of ``settings.CACHES`` can be used."""
    issuer = DevelopmentIssuer()
    with KeyServer() as server:
        server.behave = reply(json.dumps(issuer.jwks()).encode())
        for _ in range(3):
            config = PrivyConfig(app_id=issuer.app_id, jwks_url=server.url, key_cache=DjangoKeyCache("other"))
            user = PrivyVerifier(config).verify_identity_token(issuer.identity_token("ada"))
            assert user.id == "did:privy:dev-ada"
        assert server.count == 1


@override_settings(CACHES=CACHES)
def test_keys_that_somebody_else_wrote() -> None:
    """With a secret in ``settings.PRIVY``, keys in Django's cache are used only if a worker has signed them."""
    issuer, attacker = DevelopmentIssuer(), DevelopmentIssuer()
    with KeyServer() as server:
        settings = {"APP_ID": issuer.app_id, "JWKS_URL": server.url, "KEY_CACHE": DjangoKeyCache()}
        server.behave = reply(json.dumps(attacker.jwks()).encode())
        PrivyVerifier(PrivyConfig.from_mapping(settings)).verify_identity_token(attacker.identity_token("ada"))
        server.behave = reply(json.dumps(issuer.jwks()).encode())
        for _ in range(3):
            with override_settings(PRIVY={**settings, "KEY_CACHE_SECRET": "s" * 32}):
                gate = PrivySettings().gate
            assert isinstance(gate.verifier, PrivyVerifier)
            assert gate.verifier.verify_identity_token(issuer.identity_token("ada")).id == "did:privy:dev-ada"
        assert server.count == 2


@override_settings(CACHES=CACHES)
def test_values_that_are_no_bytes_count_as_nothing() -> None:
    """Values of another part of the project under the same name are not used as keys."""
    caches["default"].set("key", "text")
    assert DjangoKeyCache().get("key") is None
