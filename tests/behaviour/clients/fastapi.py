"""A client of the FastAPI example app, with FastAPI's test client, which is Starlette's."""

from __future__ import annotations

from example_apps.fastapi_app import create_app
from privy_middleware import PrivyConfig
from tests.behaviour.client import Client
from tests.behaviour.clients.starlette import StarletteClient

__all__ = ["make_client"]


def make_client(config: PrivyConfig, *, denial: bool = True) -> Client:
    """Return a client of the example app."""
    return StarletteClient(create_app(config), denial=denial)
