"""The ASGI middleware."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, TypedDict

from privy_middleware.asgi.expiry import Expiry, OnExpired, check_on_expired
from privy_middleware.asgi.inner_apps import inner_apps, warn_of_cors_inside, warn_of_prefixes
from privy_middleware.asgi.request import ASGIRequest
from privy_middleware.asgi.response import Response, close_message, decode_value, encode_name, send_answer
from privy_middleware.asgi.startup import fails_startup
from privy_middleware.asgi.state import put_state, remove_lookup, required_lookup_in
from privy_middleware.asgi.types import ASGIApp, Message, Receive, Scope, Send
from privy_middleware.errors import PrivyError
from privy_middleware.gate import Gate, Settings, build_gate, check_app
from privy_middleware.http.cache_headers import CacheHeaders
from privy_middleware.http.preflight import PREFLIGHT_ANSWER, is_preflight
from privy_middleware.lookup import Lookup

__all__ = ["MiddlewareOptions", "PrivyMiddleware"]


class MiddlewareOptions(TypedDict, total=False):
    """The options of ``PrivyMiddleware`` except the settings, for plugins that pass them on."""

    protect: Sequence[str]
    exempt: Sequence[str]
    close_expired: bool
    on_expired: OnExpired | None


class PrivyMiddleware:
    """Verify the token on each request before the app sees it (ASGI 3).

    The app finds ``privy_user`` (a user or ``None``) and ``privy_auth`` in ``scope["state"]``, which is
    ``request.state`` in Starlette. A request without a user for a path below ``protect`` does not reach the app, and an
    error that the app raises (``privy_auth.require(...)``) becomes its documented response.
    """

    @fails_startup
    def __init__(
        self,
        app: ASGIApp,
        config: Settings = None,
        *,
        protect: Sequence[str] = (),
        exempt: Sequence[str] = (),
        close_expired: bool = False,
        on_expired: OnExpired | None = None,
        root_path: str | None = None,
    ) -> None:
        """Wrap an app; ``config`` is a configuration, a dict of settings, a verifier, or by default the environment.

        With ``close_expired`` an accepted WebSocket is closed (1008), and a stream of server-sent events ended, when
        the token expires; ``on_expired``, a function or a coroutine function, is then called with the scope.
        ``root_path`` is a prefix that the app removes from paths before it routes them; the ``root_path`` of the
        request and that of a FastAPI app are known without it.

        Raises:
            ConfigurationError: if a setting is wrong. An app that builds its middleware only when a server starts it
                fails the start instead.
        """
        check_app(app, "PrivyMiddleware")
        check_on_expired(on_expired, close_expired=close_expired)
        self.app = app
        self.gate: Gate = build_gate(config, protect=protect, exempt=exempt)
        if self.gate.settings.preflight == "answer":
            warn_of_cors_inside(app)
        self._cache_headers = CacheHeaders(self.gate.vary, encode_name, decode_value)
        self._close_expired = close_expired
        self._on_expired = on_expired
        self._root_path = root_path
        self._mounted = tuple(each for each in inner_apps(app) if hasattr(each, "root_path"))

    # Any, so that it is an app for every framework and server: see ``asgi.types``.
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection; scopes of other types pass through."""
        if scope["type"] not in ("http", "websocket"):
            await (self._live(scope, receive, send) if scope["type"] == "lifespan" else self.app(scope, receive, send))
            return
        request = ASGIRequest(scope, self._mounts)
        guarded = self.gate.guards(request)
        if guarded and is_preflight(request):
            await send_answer(PREFLIGHT_ANSWER, scope, send)
            return
        # The app finds the user in a plain dict, so every token is verified here.
        lookup = Lookup(self.gate, request)
        auth = await lookup.afind()
        state = put_state(scope, auth, lookup)
        response = Response(send, self._cache_headers, state, presented=auth.presented)
        try:
            if guarded:
                state.looked = True
                auth.require()
            if self._close_expired and auth.expires_at is not None:
                seconds = auth.expires_at + self.gate.settings.leeway - time.time()
                await Expiry(scope, receive, response.send, seconds, self._on_expired).run(self.app)
            else:
                await self.app(scope, receive, response.send)
        except PrivyError as error:
            if response.begun and not response.accepted:
                raise
            state.looked = True
            answer = lookup.refuse(error)
            if response.accepted:
                await send(close_message(answer))
            elif scope["type"] == "websocket":
                await send_answer(answer, scope, response.send)
            else:
                await self.refuse(error, scope, receive, response.send)
        finally:
            state.pass_on()
            lookup.report()
            remove_lookup(scope, state)
            if response.owes_events:
                await response.deliver()

    def _mounts(self) -> list[str | None]:
        # Read at every request: an app may set its attribute after the middleware was added.
        return [self._root_path, *(app.root_path for app in self._mounted)]

    async def refuse(self, error: PrivyError, scope: Scope, _receive: Receive, send: Send, /) -> None:
        """Send the answer to a refused HTTP request; a subclass may do it in the way of its framework."""
        await send_answer(required_lookup_in(scope, "call it with the scope of a request").refuse(error), scope, send)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def ready_first() -> Message:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self._start(send)
            elif message["type"] == "lifespan.shutdown":
                await self.gate.aclose()
            return message

        await self.app(scope, ready_first, send)

    async def _start(self, send: Send) -> None:
        try:
            await self.gate.aready()
            warn_of_prefixes(self.gate, self.app, self._mounts())
            await self.gate.reporter.deliver()
        except Exception as error:
            # Servers take a raised error to mean that the app does not support lifespan.
            await send({"type": "lifespan.startup.failed", "message": f"privy_middleware: {error}"})
            raise
