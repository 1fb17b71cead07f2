"""Apps with the plugin, in a test client."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Litestar, Request
from litestar.datastructures import State
from starlette.testclient import TestClient

from litestar_privy import Privy
from privy_middleware import PrivyAuth, PrivyUser
from tests.support.issued import issuer_config

__all__ = ["PrivyRequest", "app_of", "client_of", "serve"]

PrivyRequest = Request[PrivyUser | None, PrivyAuth, State]


def app_of(*handlers: Any, plugins: Sequence[Any] | None = None, **options: Any) -> Litestar:
    """Return an app with the plugin, unless others are given."""
    given = [Privy(issuer_config())] if plugins is None else plugins
    return Litestar(handlers, plugins=given, logging_config=None, **options)


def serve(app: Litestar, **options: Any) -> TestClient:
    """Return a client of an app."""
    asgi: Any = app
    return TestClient(asgi, follow_redirects=False, **options)


def client_of(*handlers: Any, **options: Any) -> TestClient:
    """Return a client of an app with the plugin."""
    return serve(app_of(*handlers, **options))
