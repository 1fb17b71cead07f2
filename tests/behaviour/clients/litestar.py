"""Drive the Litestar example app through Starlette's test client.

Litestar's own joins repeated headers, encodes them in UTF-8, and knows no denial of a handshake.
"""

from __future__ import annotations

from typing import Any

from example_apps.litestar_app import create_app
from privy_middleware import PrivyConfig
from tests.behaviour.client import Client
from tests.behaviour.clients.starlette import StarletteClient

__all__ = ["make_client"]


def make_client(config: PrivyConfig, *, denial: bool = True) -> Client:
    """Return a client of the example app."""
    app: Any = create_app(config)
    return StarletteClient(app, denial=denial)
