"""What the Django tests share."""

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
    """Run ``anyio`` tests under asyncio alone: Django knows no other loop."""
    return "asyncio"


@pytest.fixture(autouse=True)
def database(db: None) -> None:
    """Let every test ask the database, as each guard looks for the user's account there."""


@pytest.fixture
def issuer() -> Iterator[DevelopmentIssuer]:
    """Trust an issuer of the test's own."""
    with privy_issuer() as trusted:
        yield trusted


@pytest.fixture(params=["wsgi", "asgi"])
def get(request: pytest.FixtureRequest) -> Get:
    """Get pages by each protocol in turn."""
    return Client().get if request.param == "wsgi" else async_to_sync(AsyncClient().get)
