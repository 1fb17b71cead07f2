"""Channels: the core's ASGI middleware with ``settings.PRIVY``, for consumers."""

from __future__ import annotations

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import close_old_connections

from django_privy.authentication import maps_users
from django_privy.conf import PrivySettings
from django_privy.inactive_users import active
from privy_middleware import PrivyAuth
from privy_middleware.asgi import ASGIApp, ASGIRequest, PrivyMiddleware, Receive, Scope, Send
from privy_middleware.asgi.expiry import OnExpired
from privy_middleware.plugin import Gate, known_options

__all__ = ["PrivyMiddlewareStack"]


@known_options('settings.PRIVY = {"APP_ID": "…", "PROTECT": ["/"]}')
def PrivyMiddlewareStack(  # noqa: N802 (named as Channels names its own)
    inner: ASGIApp, *, close_expired: bool = False, on_expired: OnExpired | None = None
) -> PrivyMiddleware:
    """Return ``inner`` wrapped in the middleware: ``self.scope["state"]`` has ``privy_user`` and ``privy_auth``.

    With ``django_privy.accounts``, a user with an inactive account is rejected at the handshake.
    ``close_expired`` and ``on_expired`` are the arguments of ``privy_middleware.PrivyMiddleware``.

    Raises:
        ConfigurationError: if a setting is wrong.
    """
    parts = PrivySettings().parts
    gate = PrivySettings().gate
    return PrivyMiddleware(
        _Accounts(inner, gate),
        gate.verifier,
        protect=parts.protect,
        exempt=parts.exempt,
        close_expired=close_expired,
        on_expired=on_expired,
        root_path=settings.FORCE_SCRIPT_NAME,
    )


class _Accounts:
    """An ASGI middleware that removes the user from the scope if the user's account is inactive."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self.app = app
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if maps_users() and scope["type"] in ("http", "websocket"):
            await self._check(scope)
        await self.app(scope, receive, send)

    async def _check(self, scope: Scope) -> None:
        state = scope["state"]
        if state["privy_user"] is None:
            return
        auth = await sync_to_async(_active)(state["privy_auth"])
        if auth is not state["privy_auth"]:
            state.update(privy_user=None, privy_auth=auth)
            if self._gate.guards(ASGIRequest(scope, lambda: [settings.FORCE_SCRIPT_NAME])):
                auth.require()


def _active(auth: PrivyAuth) -> PrivyAuth:
    # Django does this at the start and end of its own requests, but this is not one.
    close_old_connections()
    try:
        return active(auth)
    finally:
        close_old_connections()
