"""Privy authentication for Starlette apps, without FastAPI."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from typing import Any, cast

from starlette.applications import Starlette
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import Response

from fastapi_privy.backend import PrivyBackend, SignedInUser
from fastapi_privy.connection import clear_privy_cookies, find_lookup, privy_auth, sign_out
from fastapi_privy.decorators import GUARDED, optional_privy_user, require_privy_user
from fastapi_privy.routes import app_behind, walk
from privy_middleware import ConfigurationError, PrivyError, PrivyMiddleware
from privy_middleware.asgi import ASGIApp, Receive, Scope, Send
from privy_middleware.asgi.expiry import OnExpired, check_on_expired
from privy_middleware.asgi.startup import fails_startup
from privy_middleware.plugin import Gate, Settings, build_gate, known_options

__all__ = [
    "Privy",
    "PrivyBackend",
    "SignedInUser",
    "clear_privy_cookies",
    "optional_privy_user",
    "privy_auth",
    "refusal_response",
    "require_privy_user",
    "sign_out",
]


async def refusal_response(connection: HTTPConnection, error: Exception) -> Response:
    """Return the documented response for a ``PrivyError``: the exception handler that ``Privy`` registers.

    Raises:
        PrivyError: the error itself, if it does not reject the request, or if it rejects a WebSocket, which the
            middleware does.
        ConfigurationError: if the middleware is not installed in the app.
    """
    if not isinstance(error, PrivyError) or connection.scope["type"] != "http":
        raise error
    answer = find_lookup(connection).refuse(error)
    return Response(answer.body, answer.status, dict(answer.headers))


class Privy:
    """Privy in a Starlette app: ``Privy(app)`` installs it, after the app is created.

    Requests get ``request.state.privy_user`` and ``request.state.privy_auth``. A ``PrivyError`` that is raised in the
    app or a mounted app becomes the documented error response, unless the app has its own handler for it.

    Attributes:
        gate: decides about requests.
    """

    @known_options('Privy(app, {"APP_ID": "…"})')
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
        """Install Privy in an app; the arguments are those of ``PrivyMiddleware``.

        Middleware that is added to the app later runs outside this one.

        Raises:
            ConfigurationError: if a setting is wrong, or Privy is already installed in the app.
        """
        if not isinstance(app, Starlette):
            raise ConfigurationError(
                "app", "the first argument is the app, the second its settings: Privy(app, config)"
            )
        installed: list[object] = [middleware.cls for middleware in app.user_middleware]
        if _Middleware in installed:
            raise ConfigurationError("Privy", "is installed twice in one app; remove one of the two")
        check_on_expired(on_expired, close_expired=close_expired)
        # A strong reference would be a cycle, because the app's list of middleware refers to this object.
        self._app = weakref.ref(app)
        self.gate: Gate = build_gate(config, protect=protect, exempt=exempt)
        options = {"protect": protect, "exempt": exempt, "close_expired": close_expired, "on_expired": on_expired}
        app.add_middleware(_Middleware, self, options)
        self.prepare(app)
        GUARDED.watch(app)

    def prepare(self, app: Starlette) -> None:
        """Add the handler for error responses to an app; mounted apps are prepared at startup."""
        app.exception_handlers.setdefault(PrivyError, refusal_response)

    def check(self, app: Starlette) -> None:
        """Check the routes of an app; called at startup, when all routes are registered.

        Raises:
            ConfigurationError: if a decorator above an endpoint's route has no effect.
        """
        GUARDED.check(app)


class _Middleware(PrivyMiddleware):
    """The middleware of one app, which uses the app's exception handlers for error responses."""

    @fails_startup
    def __init__(self, app: ASGIApp, privy: Privy, options: Mapping[str, Any]) -> None:
        super().__init__(app, privy.gate.verifier, **options)
        installed_in = cast(Starlette, privy._app())
        self._handlers = installed_in.exception_handlers
        # A mounted app uses only its own handlers, and responds with 500 to other errors.
        for mounted in map(app_behind, walk(installed_in.routes)):
            if isinstance(mounted, Starlette):
                privy.prepare(mounted)
        privy.check(installed_in)

    async def refuse(self, error: PrivyError, scope: Scope, receive: Receive, send: Send, /) -> None:
        async def refused(*_: object) -> None:
            raise error

        await ExceptionMiddleware(refused, self._handlers)(scope, receive, send)
