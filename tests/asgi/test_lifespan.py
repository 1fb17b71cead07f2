"""Keys are fetched when the server starts, before the first request."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator

import pytest

from privy_middleware import KeysUnavailable, PrivyConfig, PrivyMiddleware, PrivyVerifier
from privy_middleware.asgi import Message, Receive, Scope, Send
from privy_middleware.development import DevelopmentIssuer
from tests.behaviour.clients.asgi import exchange
from tests.support.issued import issuer_config

pytestmark = pytest.mark.anyio

EVENTS: list[Message] = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
DIRECT = {"trust_env": False}


@pytest.fixture
def nowhere() -> Iterator[str]:
    """Return the address of a key server that refuses connections."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{closed.getsockname()[1]}/jwks.json"


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Start and stop the app."""
    scope["state"]["database"] = "open"
    for event in ("startup", "shutdown"):
        assert (await receive())["type"] == f"lifespan.{event}"
        await send({"type": f"lifespan.{event}.complete"})


async def test_keys_are_there_before_the_app_starts() -> None:
    """The app's first event waits for the keys, and the app's entries in the lifespan state are kept."""
    with DevelopmentIssuer() as issuer:
        verifier = PrivyVerifier(issuer.config(client_options=DIRECT))
        scope = {"type": "lifespan", "state": {}}
        sent = await exchange(PrivyMiddleware(app, verifier), scope, EVENTS)
        token = issuer.identity_token()
    # The issuer has stopped, so verification needs keys that were fetched at startup.
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert scope["state"] == {"database": "open"}
    assert (await verifier.averify_identity_token(token)).id == "did:privy:dev-ada"


async def test_other_events_reach_the_app() -> None:
    """A server may send an event that the middleware does not know."""
    received: list[Message] = []

    async def curious(scope: Scope, receive: Receive, send: Send) -> None:
        received.append(await receive())

    event: Message = {"type": "lifespan.reload"}
    await exchange(PrivyMiddleware(curious, issuer_config()), {"type": "lifespan", "state": {}}, [event])
    assert received == [event]


async def test_outage_at_the_start_is_logged(nowhere: str, caplog: pytest.LogCaptureFixture) -> None:
    """The app starts without keys, because they may be available later."""
    settings = PrivyConfig(app_id="app", jwks_url=nowhere, client_options=DIRECT)
    with caplog.at_level(logging.WARNING):
        sent = await exchange(PrivyMiddleware(app, settings), {"type": "lifespan", "state": {}}, EVENTS)
    assert len(sent) == len(EVENTS)
    assert "at start-up" in caplog.text


async def test_fail_fast(nowhere: str) -> None:
    """The server gets the reason why the app does not start."""
    settings = PrivyConfig(app_id="app", jwks_url=nowhere, fail_fast=True, client_options=DIRECT)
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None:
        sent.append(message)

    with pytest.raises(KeysUnavailable):
        await PrivyMiddleware(app, settings)({"type": "lifespan", "state": {}}, receive, send)
    assert sent[0]["type"] == "lifespan.startup.failed"
    assert nowhere in sent[0]["message"]


async def test_given_keys_need_no_fetch() -> None:
    """A configured verification key needs no fetch."""
    sent = await exchange(
        PrivyMiddleware(app, issuer_config(fail_fast=True)), {"type": "lifespan", "state": {}}, EVENTS
    )
    assert len(sent) == len(EVENTS)
