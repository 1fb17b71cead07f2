"""Every test in this folder runs once for each framework."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from privy_middleware.development import DevelopmentIssuer
from privy_middleware.gate import Settings
from tests.behaviour import clients
from tests.behaviour.client import Client
from tests.behaviour.watching import MintingIssuer, Watch

FRAMEWORKS = sorted(module.name for module in pkgutil.iter_modules(clients.__path__))

MakeClient = Callable[..., Client]


@pytest.fixture(autouse=True)
def watch() -> Iterator[Watch]:
    """Fail each test in which a part of a token is logged, at any level and by any logger."""
    with Watch() as watching:
        yield watching


@pytest.fixture(scope="session")
def issuer() -> Iterator[DevelopmentIssuer]:
    """Run one development issuer on loopback for the whole suite."""
    with MintingIssuer() as running:
        yield running


@pytest.fixture(params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> str:
    """Return the name of each framework in turn."""
    return str(request.param)


@pytest.fixture
def make_client(framework: str, issuer: DevelopmentIssuer) -> Iterator[MakeClient]:
    """Return a function that creates clients of the framework's example app with other settings."""
    module = importlib.import_module(f"tests.behaviour.clients.{framework}")
    with ExitStack() as stack:

        def make(config: Settings = None, **settings: Any) -> Client:
            client: Client = module.make_client(config or issuer.config(**settings))
            stack.callback(client.close)
            return client

        yield make


@pytest.fixture
def client(make_client: MakeClient) -> Client:
    """Return a client of the framework's example app with the default settings."""
    return make_client()
