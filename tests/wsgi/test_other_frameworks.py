"""The WSGI middleware around frameworks without a plugin, whose apps need no changes."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

import falcon
import pytest

from privy_middleware import PrivyError, PrivyWSGIMiddleware
from privy_middleware.development import DevelopmentIssuer
from tests.behaviour.clients.wsgi import call, environ_of

# Bottle has no types.
bottle: Any = import_module("bottle")


def bottle_app() -> Any:
    """Return a Bottle app; with ``catchall`` off, errors reach the middleware."""

    def index() -> dict[str, Any]:
        user = bottle.request.environ["privy_middleware.user"]
        return {"id": user and user.id}

    def me() -> dict[str, Any]:
        return {"id": bottle.request.environ["privy_middleware.user"].id}

    def inside() -> dict[str, Any]:
        return {"id": bottle.request.environ["privy_middleware.auth"].require().id}

    app: Any = bottle.Bottle()
    app.config["catchall"] = False
    for path, view in (("/open", index), ("/api/me", me), ("/inside", inside)):
        app.get(path)(view)
    return app


def falcon_app() -> Any:
    """Return a Falcon app; errors that its handlers raise again reach the middleware."""

    class Open:
        def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
            user = request.env["privy_middleware.user"]
            response.media = {"id": user and user.id}

    class Me:
        def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
            response.media = {"id": request.env["privy_middleware.user"].id}

    class Inside:
        def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
            response.media = {"id": request.env["privy_middleware.auth"].require().id}

    def let_pass(request: Any, response: Any, error: Exception, params: Any) -> None:
        raise error

    app = falcon.App()
    app.add_error_handler(PrivyError, let_pass)
    for path, resource in (("/open", Open()), ("/api/me", Me()), ("/inside", Inside())):
        app.add_route(path, resource)
    return app


@pytest.mark.parametrize("make_app", [bottle_app, falcon_app])
def test_serves(issuer: DevelopmentIssuer, make_app: Any) -> None:
    """Open routes, protected routes and routes that require a user return the expected responses."""
    app = PrivyWSGIMiddleware(make_app(), issuer.config(), protect=["/api"])
    ada = [("privy-id-token", issuer.identity_token("ada"))]
    bad = [("privy-id-token", issuer.identity_token("ada", exp=1))]
    for path, headers, status, body in (
        ("/open", [], 200, {"id": None}),
        ("/open", bad, 200, {"id": None}),
        ("/open", ada, 200, {"id": "did:privy:dev-ada"}),
        ("/api/me", [], 401, {"message": "Unauthorized"}),
        ("/api/me", bad, 401, {"message": "Invalid token"}),
        ("/api/me", ada, 200, {"id": "did:privy:dev-ada"}),
        ("/inside", [], 401, {"message": "Unauthorized"}),
        ("/inside", ada, 200, {"id": "did:privy:dev-ada"}),
    ):
        answer = call(app, environ_of("GET", path, headers))
        assert (path, answer.status, json.loads(answer.body)) == (path, status, body)
        assert "Cookie" in (answer.header("vary") or "")
        assert (answer.header("www-authenticate") is not None) == (status == 401)
