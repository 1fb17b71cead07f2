"""ASGI middleware: the user of every HTTP request and WebSocket, in ``scope["state"]``."""

from privy_middleware.asgi.middleware import (
    ASGIApp,
    ASGIRequest,
    Message,
    PrivyMiddleware,
    Receive,
    Scope,
    Send,
    auth_in,
)

__all__ = ["ASGIApp", "ASGIRequest", "Message", "PrivyMiddleware", "Receive", "Scope", "Send", "auth_in"]
