"""An app for real servers, which returns the user and the process; only a clock in a file makes its keys old."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from privy_middleware import PrivyAuth, PrivyConfig, PrivyMiddleware, PrivyVerifier, PrivyWSGIMiddleware
from privy_middleware.asgi import Receive, Scope, Send

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

__all__ = ["asgi", "wsgi"]

_CLOCK = Path(os.environ["SERVED_CLOCK"])
# While a worker is busy for this time, another one handles the next request.
_BUSY_SECONDS = 0.005


def _age() -> float:
    return float(_CLOCK.read_text())


def _tell(auth: PrivyAuth) -> bytes:
    until = time.perf_counter() + _BUSY_SECONDS
    while time.perf_counter() < until:
        pass
    return json.dumps({"user_id": auth.user and auth.user.id, "error": auth.error, "pid": os.getpid()}).encode()


def _answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "application/json")])
    return [_tell(environ["privy_middleware.auth"])]


async def _aanswer(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        for event in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{event}.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": _tell(scope["state"]["privy_auth"])})


_config = PrivyConfig.from_env()
# No fetch times out while a test waits: no setting is this long.
object.__setattr__(_config, "key_timeout", 3600.0)
_verifier = PrivyVerifier(_config, key_clock=_age)
asgi = PrivyMiddleware(_aanswer, _verifier)
wsgi = PrivyWSGIMiddleware(_answer, _verifier)
if os.environ.get("SERVED_READY"):
    wsgi.gate.ready()
