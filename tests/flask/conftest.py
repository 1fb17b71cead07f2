"""Flask apps with the development issuer behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from flask_privy import Privy
from privy_middleware.development import DevelopmentIssuer

Header = dict[str, str]


@pytest.fixture(scope="session")
def issuer() -> Iterator[DevelopmentIssuer]:
    """Run one development issuer on loopback for all tests here."""
    with DevelopmentIssuer() as running:
        yield running


@pytest.fixture
def make_app(issuer: DevelopmentIssuer) -> Callable[..., Flask]:
    """Build apps with ``Privy`` set up, with settings of the test's own."""

    def make(**settings: Any) -> Flask:
        app = Flask(__name__)
        Privy(app, issuer.config(**settings))
        return app

    return make


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """Build one app with the default settings."""
    return make_app()


@pytest.fixture
def ada(issuer: DevelopmentIssuer) -> Header:
    """Return the header of a user with an ethereum wallet and the role of an admin."""
    return {"privy-id-token": issuer.identity_token("ada")}


@pytest.fixture
def grace(issuer: DevelopmentIssuer) -> Header:
    """Return the header of a user with neither."""
    return {"privy-id-token": issuer.identity_token("grace")}


@pytest.fixture
def expired(issuer: DevelopmentIssuer) -> Header:
    """Return the header of a token that has expired."""
    return {"privy-id-token": issuer.identity_token("ada", exp=1)}


def seen(response: TestResponse) -> tuple[int, Any]:
    """Return the status and the decoded body."""
    return response.status_code, response.get_json()


ADA = "did:privy:dev-ada"
GRACE = "did:privy:dev-grace"
UNAUTHORIZED = (401, {"message": "Unauthorized"})
INVALID = (401, {"message": "Invalid token"})
FORBIDDEN = (403, {"message": "Forbidden"})
