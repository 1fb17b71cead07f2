"""Functions of the app that we call, in every framework: what they may not return is our fault, and nobody's answer."""

from __future__ import annotations

import pytest

from privy_middleware import ConfigurationError
from privy_middleware.issuer import DevelopmentIssuer
from tests.behaviour.client import Client
from tests.behaviour.conftest import MakeClient
from tests.behaviour.test_table import UNAUTHORIZED, bearer, broken, cookie, identity, refused
from tests.support.callables import UNSEEN


def fails(client: Client, field: str, path: str, header: tuple[str, str]) -> None:
    """Assert that a request gets the server's own answer to an error, or the test client the error itself."""
    status, fault = 500, field
    try:
        status = client.request("GET", path, [header]).status
    except ConfigurationError as error:
        fault = error.field
    assert (status, fault) == (500, field)


@pytest.mark.parametrize("kind", [*UNSEEN])
def test_is_revoked_that_must_be_awaited(make_client: MakeClient, issuer: DevelopmentIssuer, kind: str) -> None:
    """The token counts neither as revoked nor as good, on any route that looks, first and from the cache."""
    client = make_client(is_revoked=UNSEEN[kind])
    good = issuer.identity_token("ada")
    for path in ("/", "/me", "/optional", "/wallet", "/me"):
        for header in (identity(good), cookie(good), bearer(issuer.access_token("ada"))):
            fails(client, "is_revoked", path, header)
    refused(client.request("GET", "/me"), 401, UNAUTHORIZED)
    assert client.request("GET", "/optional").json() == {"user_id": None}


@pytest.mark.parametrize("kind", [*UNSEEN])
def test_on_refused_that_must_be_awaited(make_client: MakeClient, issuer: DevelopmentIssuer, kind: str) -> None:
    """A hook that does nothing is not passed over in silence."""
    client = make_client(on_refused=UNSEEN[kind])
    good = issuer.identity_token("ada")
    for path in ("/", "/me", "/optional"):
        fails(client, "on_refused", path, identity(broken(good)))
    assert client.request("GET", "/me", [identity(good)]).status == 200
    refused(client.request("GET", "/me"), 401, UNAUTHORIZED)
