"""Requests of many users, each with its expected result, and functions that send them to an app like a server."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from anyio.lowlevel import checkpoint

from privy_middleware import PrivyConfig
from privy_middleware.asgi import ASGIApp, Message
from privy_middleware.development import DevelopmentIssuer
from tests.behaviour.client import Headers
from tests.behaviour.clients.asgi import scope_of
from tests.behaviour.clients.wsgi import environ_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = ["CONFIG", "Outcome", "Request", "REQUESTS", "TASKS", "THREADS", "ask_asgi", "ask_wsgi", "requests"]

# For a longer run: ISOLATION_THREADS=64 ISOLATION_REQUESTS=20000 ISOLATION_TASKS=5000 pytest tests/isolation
THREADS = int(os.environ.get("ISOLATION_THREADS", "16"))
REQUESTS = int(os.environ.get("ISOLATION_REQUESTS", "960"))
TASKS = int(os.environ.get("ISOLATION_TASKS", "300"))

_ISSUER = DevelopmentIssuer()
# Fewer than there are tokens, so that entries are removed and added.
_CACHED = 6
CONFIG = PrivyConfig(app_id=_ISSUER.app_id, verification_key=_ISSUER.public_key_pem, token_cache_size=_CACHED)
# The routes of the apps: report the user, require a user, stream, use a thread or a task, raise an error.
_PATHS = ("/who", "/who", "/who", "/me", "/stream", "/thread", "/later", "/crash")

Outcome = tuple[int, Any]


@dataclass(frozen=True)
class Request:
    """A request and its user; ``valid`` says whether its tokens are accepted."""

    path: str
    headers: Headers
    user_id: str | None
    valid: bool

    @property
    def outcome(self) -> Outcome:
        """Return the expected result: a status, and the user that the app reports."""
        if self.path.endswith("/crash"):
            return 500, None
        if self.path.endswith("/me") and self.user_id is None:
            return 401, {"message": "Unauthorized" if self.valid else "Invalid token"}
        return 200, [self.user_id] * 3


def _presented() -> list[tuple[Headers, str | None, bool]]:
    """Return requests with tokens in every place, without tokens, and with invalid tokens."""
    found: list[tuple[Headers, str | None, bool]] = [((), None, True), ((), None, True)]
    for number in range(4):
        user_id = f"did:privy:user-{number}"
        identity, access = (mint("ada", sub=user_id) for mint in (_ISSUER.identity_token, _ISSUER.access_token))
        found += [
            ([("privy-id-token", identity)], user_id, True),
            ([("Cookie", f"theme=dark; privy-id-token={identity}")], user_id, True),
            ([("Authorization", f"Bearer {access}")], user_id, True),
        ]
    for bad in ("garbage", _ISSUER.identity_token("ada", exp=1), _ISSUER.identity_token("grace", aud="another-app")):
        found.append(([("privy-id-token", bad)], None, False))
    return found


def requests(count: int, seed: int) -> Iterator[Request]:
    """Yield requests in a random order, which is always the same for a seed."""
    chance, presented = random.Random(seed), _presented()
    for number in range(count):
        headers, user_id, valid = chance.choice(presented)
        yield Request(chance.choice(_PATHS), [*headers, ("X-Marker", f"{seed}-{number}")], user_id, valid)


def _outcome(status: int, body: bytes) -> Outcome:
    return status, None if status == 500 else json.loads(body)


def ask_wsgi(app: WSGIApplication, request: Request) -> Outcome:
    """Call the app like a WSGI server; an error that it raises is a 500."""
    statuses: list[str] = []

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
        statuses.append(status)

    try:
        result = app(environ_of("GET", request.path, request.headers), start_response)
        body = b"".join(result)
        getattr(result, "close", lambda: None)()
    except LookupError:
        return 500, None
    return _outcome(int(statuses[-1].split()[0]), body)


async def ask_asgi(app: ASGIApp, request: Request, state: dict[str, Any]) -> Outcome:
    """Call the app like a slow ASGI server that passes the same state to every request."""
    incoming: list[Message] = [{"type": "http.request", "body": b""}]
    sent: list[Message] = []

    async def receive() -> Message:
        await checkpoint()
        while not incoming:
            await checkpoint()
        return incoming.pop()

    async def send(message: Message) -> None:
        await checkpoint()
        sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            incoming.append({"type": "http.disconnect"})

    try:
        await app(scope_of("http", request.path, request.headers, method="GET", state=state), receive, send)
    except LookupError:
        return 500, None
    return _outcome(sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:]))
