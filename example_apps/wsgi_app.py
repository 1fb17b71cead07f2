"""The example routes in plain WSGI, without a framework: ``gunicorn example_apps.wsgi_app:app``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from example_apps.settings import load_config
from privy_middleware import PrivyAuth, PrivyConfig, PrivyWSGIMiddleware, condition

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

View = Callable[[PrivyAuth], dict[str, Any]]

has_wallet = condition(wallet="ethereum")
is_admin = condition(metadata={"role": "admin"})


def index(auth: PrivyAuth) -> dict[str, Any]:
    """Return the ID of the user, or ``None``; never rejects a request."""
    return {"user_id": auth.user.id if auth.user else None, "error": auth.error}


def optional(auth: PrivyAuth) -> dict[str, Any]:
    """Return the ID of the user, or ``None``; rejects invalid tokens."""
    user = auth.optional()
    return {"user_id": user.id if user else None}


def wallet(auth: PrivyAuth) -> dict[str, Any]:
    """Return the address of the first Ethereum wallet."""
    wallets = auth.require(has_wallet).wallets
    return {"address": next(each.address for each in wallets if each.chain_type == "ethereum")}


ROUTES: dict[str, tuple[str, View]] = {
    "/": ("GET", index),
    "/me": ("GET", lambda auth: auth.require().to_dict()),
    "/optional": ("GET", optional),
    "/session": ("GET", lambda auth: auth.require_access().to_dict()),
    "/wallet": ("GET", wallet),
    "/admin": ("GET", lambda auth: {"user_id": auth.require(is_admin).id}),
    "/profile": ("POST", lambda auth: {"user_id": auth.require().id}),
}


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Handle a request; the middleware sends the error response for errors of ``require``."""
    method, view = ROUTES.get(environ["PATH_INFO"], ("", None))
    if view is None:
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"Not found"]
    if environ["REQUEST_METHOD"] != method:
        start_response("405 Method Not Allowed", [("Content-Type", "text/plain"), ("Allow", method)])
        return [b"Method not allowed"]
    body = json.dumps(view(environ["privy_middleware.auth"])).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def create_app(config: PrivyConfig | None = None) -> WSGIApplication:
    """Return the app with the given settings, or those from the environment."""
    return PrivyWSGIMiddleware(application, config or load_config())


app = create_app()
