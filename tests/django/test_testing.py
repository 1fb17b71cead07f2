"""The helpers for the tests of a project."""

from __future__ import annotations

import pytest
from django.test import Client, SimpleTestCase, override_settings

from django_privy.testing import PrivyTestMixin, privy_issuer, privy_login, privy_logout
from privy_middleware import PrivyConfig
from tests.django.test_middleware import ADA, NOBODY


class TestMixin(PrivyTestMixin, SimpleTestCase):
    """A test case of a project."""

    def test_login_and_logout(self) -> None:
        """The client is signed in as a persona until it signs out."""
        assert self.client.get("/seen").json() == NOBODY
        self.privy_login("ada")
        assert self.client.get("/seen").json() == ADA
        self.privy_logout()
        self.privy_logout()
        assert self.client.get("/seen").json() == NOBODY

    def test_claims(self) -> None:
        """Claims of the token can be changed."""
        self.privy_login("ada", sub="did:privy:other")
        assert self.client.get("/seen").json() == {"user_id": "did:privy:other"}


def test_settings_of_the_test_s_own() -> None:
    """The project's settings still apply, unless the test changes them."""
    client = Client()
    with privy_issuer(PROTECT=["/unseen"]) as issuer:
        assert client.get("/unseen").status_code == 401
        privy_login(client, issuer, "grace")
        assert client.get("/unseen").status_code == 200
        privy_logout(client)


def test_the_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a project is configured by environment variables, a test changes only the app ID and the key."""
    monkeypatch.setenv("PRIVY_APP_ID", "x")
    monkeypatch.setenv("PRIVY_JWKS_URL", "https://keys.example/jwks.json")
    monkeypatch.setenv("PRIVY_ON_MISSING", "reject")
    with override_settings(PRIVY={"EXEMPT": ["/seen"]}), privy_issuer() as issuer:
        client = Client()
        assert client.get("/unseen").status_code == 401
        assert client.get("/seen").status_code == 200
        privy_login(client, issuer)
        assert client.get("/seen").json() == ADA
        with privy_issuer(ON_MISSING="anonymous", EXEMPT=[]):
            assert Client().get("/unseen").status_code == 200


def test_settings_that_are_an_object(settings: object) -> None:
    """A settings object is replaced with a dict for the test."""
    settings.PRIVY = PrivyConfig(app_id="x")  # type: ignore[attr-defined]
    with privy_issuer() as issuer:
        client = Client()
        privy_login(client, issuer)
        assert client.get("/seen").json() == ADA
