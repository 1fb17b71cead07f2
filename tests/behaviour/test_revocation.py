"""The setting ``revocations``, in every framework."""

from __future__ import annotations

from privy_middleware.development import DevelopmentIssuer
from privy_middleware.errors import RevocationsUnavailable
from privy_middleware.events import Event, Revoked
from privy_middleware.revocation import RedisRevocations, Revocations
from privy_middleware.revocation.redis_store import revocations_of
from tests.behaviour.conftest import MakeClient
from tests.behaviour.test_table import INVALID, bearer, identity, refused
from tests.support.issued import ADA
from tests.support.ports import free_port


def test_a_session_that_is_revoked(make_client: MakeClient, issuer: DevelopmentIssuer) -> None:
    """Its tokens, which are cached, are refused at the next request, and those of another user are not."""
    events: list[Event] = []
    store = Revocations()
    client = make_client(revocations=store, on_event=events.append)
    access, ada, grace = issuer.access_token("ada"), issuer.identity_token("ada"), issuer.identity_token("grace")
    for _ in range(2):
        assert client.request("GET", "/session", [bearer(access)]).status == 200
        assert client.request("GET", "/me", [identity(ada)]).status == 200
    store.revoke_session("dev-session-ada", ADA)
    refused(client.request("GET", "/session", [bearer(access)]), 401, INVALID)
    refused(client.request("GET", "/me", [identity(ada)]), 401, INVALID)
    refused(client.request("GET", "/me", [identity(ada), bearer(access)]), 401, INVALID)
    assert client.request("GET", "/me", [identity(grace)]).status == 200
    revoked = [event for event in events if isinstance(event, Revoked)]
    assert [event.code for event in revoked] == ["token_revoked"] * 3


def test_a_store_that_cannot_be_reached(make_client: MakeClient, issuer: DevelopmentIssuer) -> None:
    """A process without a copy answers 503 to requests with a token, never 401, and serves the others."""
    store = RedisRevocations(f"redis://127.0.0.1:{free_port()}/0")
    client = make_client(revocations=store)
    expected = (503, RevocationsUnavailable().body)
    for path in ("/me", "/session", "/optional", "/wallet"):
        for header in (identity(issuer.identity_token("ada")), bearer(issuer.access_token("ada"))):
            answer = client.request("GET", path, [header])
            assert (answer.status, answer.body) == expected
            assert answer.header("retry-after") == "2"
    assert client.request("GET", "/optional").status == 200
    store.close()


def test_a_url(make_client: MakeClient, issuer: DevelopmentIssuer) -> None:
    """The setting can be the URL of a Redis server, and the same URL is the same store."""
    url = f"redis://127.0.0.1:{free_port()}/0"
    client = make_client(revocations=url)
    assert client.request("GET", "/me", [identity(issuer.identity_token("ada"))]).status == 503
    store = revocations_of(url)
    assert store is not None
    assert not store.is_loading
    store.close()
