"""Fixtures for the Flask tests, which use the development issuer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from flask_privy import Privy
from privy_middleware.development import DevelopmentIssuer

Header = dict[str, str]


@pytest.fixture
def make_app(issuer: DevelopmentIssuer) -> Callable[..., Flask]:
    """Return a function that creates apps with ``Privy`` and other settings."""

    def make(**settings: Any) -> Flask:
        app = Flask(__name__)
        Privy(app, issuer.config(**settings))
        return app

    return make


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """Return an app with the default settings."""
    return make_app()


@pytest.fixture
def ada(privy_headers: Callable[..., Header]) -> Header:
    """Return the header of a user with an Ethereum wallet and the role of an admin."""
    return privy_headers("ada")


@pytest.fixture
def grace(privy_headers: Callable[..., Header]) -> Header:
    """Return the header of a user without a wallet or a role."""
    return privy_headers("grace")


@pytest.fixture
def expired(privy_headers: Callable[..., Header]) -> Header:
    """Return the header with an expired token."""
    return privy_headers("ada", exp=1)


def seen(response: TestResponse) -> tuple[int, Any]:
    """Return the status and the decoded body."""
    return response.status_code, response.get_json()


ADA = "did:privy:dev-ada"
GRACE = "did:privy:dev-grace"
UNAUTHORIZED = (401, {"message": "Unauthorized"})
INVALID = (401, {"message": "Invalid token"})
FORBIDDEN = (403, {"message": "Forbidden"})
