"""Help for a project's tests: sign a test client in as an invented user, with a token that really verifies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from django.test import AsyncClient, Client, override_settings

from django_privy.conf import PrivySettings
from privy_middleware import PrivyConfig
from privy_middleware.development import DevelopmentIssuer, Persona

__all__ = ["PrivyTestMixin", "privy_issuer", "privy_login", "privy_logout"]


@contextmanager
def privy_issuer(**settings: Any) -> Iterator[DevelopmentIssuer]:
    """Trust an issuer of the test's own, and nobody else, as long as the context lasts; no key is fetched.

    The other settings in the dict ``settings.PRIVY`` still apply, changed by ``settings``; the environment does not.
    """
    issuer = DevelopmentIssuer()
    value = PrivySettings().value
    kept = {str(key).lower(): item for key, item in value.items()} if isinstance(value, Mapping) else {}
    trusted = {"app_id": issuer.app_id, "verification_key": issuer.public_key_pem, "jwks_url": None}
    with override_settings(PRIVY=kept | trusted | {key.lower(): item for key, item in settings.items()}):
        yield issuer


def privy_login(
    client: Client | AsyncClient, issuer: DevelopmentIssuer, persona: str | Persona = "ada", **claims: Any
) -> None:
    """Give a test client a persona's identity cookie, as a browser would have it; ``claims`` replace the token's."""
    client.cookies[PrivyConfig.identity_cookie] = issuer.identity_token(persona, **claims)


def privy_logout(client: Client | AsyncClient) -> None:
    """Take the cookie away."""
    client.cookies.pop(PrivyConfig.identity_cookie, None)


class PrivyTestMixin:
    """Add ``self.privy_login("ada")`` to a Django test case; list it first among the bases."""

    client: Client
    privy_issuer: ClassVar[DevelopmentIssuer]

    @classmethod
    def setUpClass(cls) -> None:
        """Trust an issuer for the tests of this class."""
        case: Any = super()
        case.setUpClass()
        cls.privy_issuer = case.enterClassContext(privy_issuer())

    def privy_login(self, persona: str | Persona = "ada", **claims: Any) -> None:
        """Sign ``self.client`` in."""
        privy_login(self.client, self.privy_issuer, persona, **claims)

    def privy_logout(self) -> None:
        """Sign ``self.client`` out."""
        privy_logout(self.client)
