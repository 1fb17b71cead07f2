"""Apps without a framework: the ASGI and the WSGI middleware."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.apps.contender import BODY, OURS, Stack, ours
from benchmarks.apps.contender import bare as without
from benchmarks.sending import LOOKING, App
from benchmarks.tokens import Bench
from privy_middleware import PrivyConfig, PrivyMiddleware, PrivyWSGIMiddleware

__all__ = ["LOOKED", "asgi", "wsgi"]

LOOKED = f"{OURS}, for an app that requires the user"

_FIELDS = [("Content-Type", "application/json"), ("Content-Length", str(len(BODY)))]
_RAW_FIELDS = [(name.lower().encode(), value.encode()) for name, value in _FIELDS]


def asgi(_bench: Bench, config: PrivyConfig) -> Stack:
    """Return the apps for ASGI."""

    async def bare(_scope: Any, _receive: App, send: App) -> None:
        await _answer(send, BODY)

    async def looking(scope: Any, _receive: App, send: App) -> None:
        user = scope["state"]["privy_auth"].require()
        if scope["path"] == LOOKING:
            assert user.linked_accounts
        await _answer(send, json.dumps({"user": user.id}).encode())

    contenders = [
        ours(PrivyMiddleware(bare, config), rejects=False, looks=False),
        ours(PrivyMiddleware(looking, config), LOOKED),
    ]
    return Stack(without(bare), contenders, "asgi")


async def _answer(send: App, body: bytes) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": _RAW_FIELDS})
    await send({"type": "http.response.body", "body": body})


def wsgi(_bench: Bench, config: PrivyConfig) -> Stack:
    """Return the apps for WSGI."""

    def bare(_environ: Any, start_response: App) -> list[bytes]:
        start_response("200 OK", list(_FIELDS))
        return [BODY]

    def looking(environ: Any, start_response: App) -> list[bytes]:
        user = environ["privy_middleware.auth"].require()
        if environ["PATH_INFO"] == LOOKING:
            assert user.linked_accounts
        start_response("200 OK", list(_FIELDS))
        return [json.dumps({"user": user.id}).encode()]

    contenders = [
        ours(PrivyWSGIMiddleware(bare, config), rejects=False, looks=False),
        ours(PrivyWSGIMiddleware(looking, config), LOOKED),
    ]
    return Stack(without(bare), contenders, "wsgi")
