"""Fixtures for the Django tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client

from django_privy.testing import privy_issuer
from privy_middleware.development import DevelopmentIssuer

Get = Callable[..., Any]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Run ``anyio`` tests only with asyncio, because Django supports no other event loop."""
    return "asyncio"


@pytest.fixture(autouse=True)
def database(db: None) -> None:
    """Allow every test to use the database, because each check for a user queries the account."""


@pytest.fixture
def issuer() -> Iterator[DevelopmentIssuer]:
    """Accept only the tokens of a test issuer."""
    with privy_issuer() as trusted:
        yield trusted


@pytest.fixture(params=["wsgi", "asgi"])
def get(request: pytest.FixtureRequest) -> Get:
    """Return a function that sends ``GET`` requests, over WSGI and over ASGI in turn."""
    return Client().get if request.param == "wsgi" else async_to_sync(AsyncClient().get)
