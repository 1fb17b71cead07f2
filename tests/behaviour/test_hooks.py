"""Callbacks of the app, in every framework: a wrong return value is an error of the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from privy_middleware import ConfigurationError
from privy_middleware.development import DevelopmentIssuer
from tests.behaviour.client import Client
from tests.behaviour.conftest import MakeClient
from tests.behaviour.test_table import INVALID, UNAUTHORIZED, bearer, broken, cookie, identity, refused
from tests.support.callables import UNSEEN


@pytest.fixture(params=[*UNSEEN])
def hook(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Return a callback that is recognised as async only when it is called, while the test runs.

    A request that remains in memory may be used later, and would then call it again.
    """
    running = [True]
    yield lambda *args: UNSEEN[request.param](*args) if running else False
    running.clear()


def fails(client: Client, field: str, path: str, header: tuple[str, str]) -> None:
    """Check that a request gets the server's own error response, or that the test client raises the error."""
    status, fault = 500, field
    try:
        status = client.request("GET", path, [header]).status
    except ConfigurationError as error:
        fault = error.field
    assert (status, fault) == (500, field)


def test_is_revoked_that_must_be_awaited(
    make_client: MakeClient, issuer: DevelopmentIssuer, hook: Callable[..., Any]
) -> None:
    """The token counts neither as revoked nor as valid, on any route that uses it, cached or not."""
    client = make_client(is_revoked=hook)
    good = issuer.identity_token("ada")
    for path in ("/", "/me", "/optional", "/wallet", "/me"):
        for header in (identity(good), cookie(good), bearer(issuer.access_token("ada"))):
            fails(client, "is_revoked", path, header)
    refused(client.request("GET", "/me"), 401, UNAUTHORIZED)
    assert client.request("GET", "/optional").json() == {"user_id": None}


def test_on_refused_that_must_be_awaited(
    make_client: MakeClient, issuer: DevelopmentIssuer, hook: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    """A callback that would do nothing is an error in the log, and no answer changes."""
    client = make_client(on_refused=hook)
    good = issuer.identity_token("ada")
    assert client.request("GET", "/", [identity(broken(good))]).status == 200
    refused(client.request("GET", "/me", [identity(broken(good))]), 401, INVALID)
    assert "on_refused returned something to await" in caplog.text
    assert client.request("GET", "/me", [identity(good)]).status == 200
    refused(client.request("GET", "/me"), 401, UNAUTHORIZED)
