"""Webhooks as Privy sends them, signed with the endpoint's key."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from privy_middleware.config import PrivyConfig
from privy_middleware.loader import UserLoader
from tests.loader.server import APP_ID, DID, account, record

NOW = 1_800_000_000
KEY = b"a key of thirty-two bytes or so!"
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
OTHER_SECRET = f"whsec_{base64.b64encode(KEY[::-1]).decode()}"


def at_now() -> float:
    """Return the time at which webhooks are sent."""
    return float(NOW)


def signature(body: bytes, *, key: bytes = KEY, event_id: str = "msg_1", timestamp: str = str(NOW)) -> str:
    """Return a signature, computed from the documentation and not with the library."""
    digest = hmac.digest(key, b".".join([event_id.encode(), timestamp.encode(), body]), hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def headers(body: bytes, *, timestamp: str = str(NOW)) -> dict[str, str]:
    """Return the headers of a webhook with this body."""
    signed = signature(body, timestamp=timestamp)
    return {"svix-id": "msg_1", "svix-timestamp": timestamp, "svix-signature": signed}


def event(kind: str = "user.updated_account", **fields: Any) -> bytes:
    """Return the body of an event."""
    about: dict[str, Any] = {"user": record(DID, account("email", address="a@b.c"))} if not fields else {}
    return json.dumps({"type": kind, **about, **fields}).encode()


class Notes:
    """Records the calls of an app's callbacks and of a loader's client."""

    def __init__(self) -> None:
        """Start without calls."""
        self.told: list[Any] = []
        self.asked: list[str] = []
        self.users = UserLoader(PrivyConfig(app_id=APP_ID), load_user=self.ask)

    def ask(self, did: str) -> dict[str, Any]:
        """Load a user in place of the REST API."""
        self.asked.append(did)
        return record(did)

    def hear(self, what: object) -> None:
        """Record an event, or a deleted user."""
        self.told.append(what)

    async def ahear(self, what: object) -> None:
        """Record an event, async."""
        self.told.append(what)
