"""Helpers for tests: sign a test client in as a test user, with a valid token."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from django.test import AsyncClient, Client, override_settings

from django_privy.conf import PrivySettings
from privy_middleware.development import DevelopmentIssuer, Persona
from privy_middleware.development.clients import sign_in, sign_out

__all__ = ["PrivyTestMixin", "privy_issuer", "privy_login", "privy_logout"]


@contextmanager
def privy_issuer(**settings: Any) -> Iterator[DevelopmentIssuer]:
    """Accept only the tokens of a test issuer inside the context; no keys are fetched.

    Other settings, in the dict ``settings.PRIVY`` and in the environment, still apply, unless ``settings`` overrides
    them.
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
    """Set the identity token of a persona as a cookie of a test client; ``claims`` override claims of the token.

    It replaces the token of an earlier call. ``kind="access"`` sets an access token, and ``header=True`` sends the
    token in a header instead of a cookie.
    """
    sign_in(issuer, client, persona, **claims)


def privy_logout(client: Client | AsyncClient) -> None:
    """Remove the cookie or header of ``privy_login`` from a test client."""
    sign_out(client)


class PrivyTestMixin:
    """A mixin for Django test cases with ``privy_login`` and ``privy_logout``; list it first among the base classes.

    Attributes:
        privy_issuer: the test issuer of the class.
    """

    client: Client
    privy_issuer: ClassVar[DevelopmentIssuer]

    @classmethod
    def setUpClass(cls) -> None:
        """Accept only the tokens of a test issuer in the tests of this class."""
        case: Any = super()
        case.setUpClass()
        cls.privy_issuer = case.enterClassContext(privy_issuer())

    def privy_login(self, persona: str | Persona = "ada", **claims: Any) -> None:
        """Sign ``self.client`` in as a persona."""
        privy_login(self.client, self.privy_issuer, persona, **claims)

    def privy_logout(self) -> None:
        """Sign ``self.client`` out."""
        privy_logout(self.client)
