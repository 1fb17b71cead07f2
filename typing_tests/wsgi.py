"""The WSGI middleware around any app."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, assert_type

from privy_middleware import PrivyAuth, PrivyConfig, PrivyUser, PrivyVerifier, PrivyWSGIMiddleware
from privy_middleware.gate import Gate
from privy_middleware.wsgi import AUTH_KEY, USER_KEY

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    user: PrivyUser | None = environ[USER_KEY]
    auth: PrivyAuth = environ[AUTH_KEY]
    start_response("200 OK", [])
    return [(user or auth.require()).id.encode()]


def wrapped(config: PrivyConfig) -> None:
    assert_type(PrivyWSGIMiddleware(app), PrivyWSGIMiddleware)
    PrivyWSGIMiddleware(app, config, protect=["/api"], exempt=["/api/health"])
    PrivyWSGIMiddleware(app, {"app_id": "app"})
    PrivyWSGIMiddleware(app, PrivyVerifier(config))
    around: WSGIApplication = PrivyWSGIMiddleware(PrivyWSGIMiddleware(app))
    assert_type(PrivyWSGIMiddleware(around).gate, Gate)
    keys: list[str] = [USER_KEY, AUTH_KEY]
    assert_type(keys[0], str)


def refused(config: PrivyConfig) -> None:
    """Mistakes that a type checker must report."""
    PrivyWSGIMiddleware(config)  # type: ignore[arg-type]
    PrivyWSGIMiddleware(app, 7)  # type: ignore[arg-type]
    PrivyWSGIMiddleware(app, close_expired=True)  # type: ignore[call-arg]
