"""Privy authentication for Starlette apps; nothing here needs FastAPI."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from typing import Any, cast

from starlette.applications import Starlette
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import Response

from fastapi_privy.backend import PrivyBackend, SignedInUser
from fastapi_privy.connection import not_installed, privy_auth
from fastapi_privy.decorators import GUARDED, optional_privy_user, require_privy_user
from fastapi_privy.routes import app_behind, walk
from privy_middleware import ConfigurationError, PrivyError, PrivyMiddleware
from privy_middleware.asgi import ASGIApp, Receive, Scope, Send, gate_in
from privy_middleware.asgi.expiry import OnExpired, check_on_expired
from privy_middleware.asgi.startup import fails_startup
from privy_middleware.plugin import Gate, Settings, build_gate

__all__ = [
    "Privy",
    "PrivyBackend",
    "SignedInUser",
    "optional_privy_user",
    "privy_auth",
    "refusal_response",
    "require_privy_user",
]


async def refusal_response(connection: HTTPConnection, error: Exception) -> Response:
    """Return the documented answer to a ``PrivyError``: the handler that ``Privy`` registers.

    Raises:
        PrivyError: the error again, if it is no refusal, or refuses a WebSocket, which the middleware answers.
        ConfigurationError: if the middleware is not around the app.
    """
    if not isinstance(error, PrivyError) or connection.scope["type"] != "http":
        raise error
    gate = gate_in(connection.scope)
    if gate is None:
        raise not_installed()
    answer = gate.answer(error)
    return Response(answer.body, answer.status, dict(answer.headers))


class Privy:
    """Install Privy in a Starlette app: ``Privy(app)`` after the app is made.

    Requests get ``request.state.privy_user`` and ``request.state.privy_auth``, and every ``PrivyError`` raised in the
    app, or in one mounted in it, becomes its documented answer unless a handler of the app's own takes it.
    """

    def __init__(
        self,
        app: Starlette,
        config: Settings = None,
        *,
        protect: Sequence[str] = (),
        exempt: Sequence[str] = (),
        close_expired: bool = False,
        on_expired: OnExpired | None = None,
    ) -> None:
        """Take what ``PrivyMiddleware`` takes; middleware that is added later stands further out.

        Raises:
            ConfigurationError: when a setting is wrong, or the app has the plugin already.
        """
        installed: list[object] = [middleware.cls for middleware in app.user_middleware]
        if _Middleware in installed:
            raise ConfigurationError("Privy", "is installed twice on one app; remove one of the two")
        check_on_expired(on_expired, close_expired=close_expired)
        # The app holds this object in its list of middleware: a reference back would be a cycle.
        self._app = weakref.ref(app)
        self.gate: Gate = build_gate(config, protect=protect, exempt=exempt)
        options = {"protect": protect, "exempt": exempt, "close_expired": close_expired, "on_expired": on_expired}
        app.add_middleware(_Middleware, self, options)
        self.prepare(app)
        GUARDED.watch(app)

    def prepare(self, app: Starlette) -> None:
        """Let an app answer refusals; apps mounted in the first are prepared by themselves when it starts."""
        app.exception_handlers.setdefault(PrivyError, refusal_response)

    def check(self, app: Starlette) -> None:
        """Look for mistakes in the routes of an app, which are all there when it starts.

        Raises:
            ConfigurationError: when an endpoint is served without the guard that is written above its route.
        """
        GUARDED.check(app)


class _Middleware(PrivyMiddleware):
    """Be the middleware of one app, whose own exception handlers are asked for answers."""

    @fails_startup
    def __init__(self, app: ASGIApp, privy: Privy, options: Mapping[str, Any]) -> None:
        super().__init__(app, privy.gate.verifier, **options)
        installed_in = cast(Starlette, privy._app())
        self._handlers = installed_in.exception_handlers
        # A mounted app knows no handlers but its own, and answers 500 to what it has none for.
        for mounted in map(app_behind, walk(installed_in.routes)):
            if isinstance(mounted, Starlette):
                privy.prepare(mounted)
        privy.check(installed_in)

    async def refuse(self, error: PrivyError, scope: Scope, receive: Receive, send: Send, /) -> None:
        async def refused(*_: object) -> None:
            raise error

        await ExceptionMiddleware(refused, self._handlers)(scope, receive, send)
