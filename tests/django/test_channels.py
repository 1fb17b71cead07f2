"""Channels, with the core's ASGI middleware."""

from __future__ import annotations

from typing import Any, cast

import pytest
from channels.generic.websocket import AsyncJsonWebsocketConsumer, JsonWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.testing import WebsocketCommunicator
from django.urls import path

from django_privy.channels import PrivyMiddlewareStack
from django_privy.testing import privy_issuer
from tests.django.test_middleware import ADA
from tests.support.patience import PATIENCE


class Consumer(AsyncJsonWebsocketConsumer):
    """A consumer that sends the user's ID, and requires a user."""

    async def connect(self) -> None:
        """Require a user before accepting."""
        user = cast("Any", self.scope)["state"]["privy_auth"].require()
        await self.accept()
        await self.send_json({"user_id": user.id})


@pytest.mark.anyio
async def test_consumer() -> None:
    """A consumer finds the user in its scope, and a WebSocket without a user is rejected before it is accepted."""
    with privy_issuer(protect=["/closed"], exempt=["/closed/open"]) as issuer:
        consumer: Any = Consumer.as_asgi()
        routes: Any = URLRouter([path("ws", consumer)])
        app: Any = ProtocolTypeRouter({"websocket": PrivyMiddlewareStack(routes)})
        headers = [(b"privy-id-token", issuer.identity_token("ada").encode())]
        communicator = WebsocketCommunicator(app, "/ws", headers=headers)
        assert (await communicator.connect(PATIENCE))[0]
        assert await communicator.receive_json_from(PATIENCE) == ADA
        await communicator.disconnect(timeout=PATIENCE)
        assert await WebsocketCommunicator(app, "/ws").connect(PATIENCE) == (False, 1008)


class SyncConsumer(JsonWebsocketConsumer):
    """A consumer that runs in threads and sends the user's ID."""

    def connect(self) -> None:
        """Require a user before accepting."""
        user = cast("Any", self.scope)["state"]["privy_auth"].require()
        self.accept()
        self.send_json({"user_id": user.id})

    def receive_json(self, content: Any, **kwargs: Any) -> None:
        """Echo."""
        self.send_json(content)


@pytest.mark.anyio
@pytest.mark.parametrize("close_expired", [True, False])
@pytest.mark.filterwarnings("error")
async def test_sync_consumer(close_expired: bool) -> None:
    """Its functions run in threads without a warning."""
    with privy_issuer() as issuer:
        consumer: Any = SyncConsumer.as_asgi()
        app: Any = PrivyMiddlewareStack(consumer, close_expired=close_expired)
        headers = [(b"privy-id-token", issuer.identity_token("ada").encode())]
        communicator = WebsocketCommunicator(app, "/ws", headers=headers)
        assert (await communicator.connect(PATIENCE))[0]
        assert await communicator.receive_json_from(PATIENCE) == ADA
        await communicator.send_json_to({"said": "hello"})
        assert await communicator.receive_json_from(PATIENCE) == {"said": "hello"}
        await communicator.disconnect(timeout=PATIENCE)
