"""ASGI middleware: the user of every HTTP request and WebSocket, in ``scope["state"]``."""

from privy_middleware.asgi.body import BufferedReceive, request_parts
from privy_middleware.asgi.inner_apps import warn_of_prefixes
from privy_middleware.asgi.middleware import MiddlewareOptions, PrivyMiddleware
from privy_middleware.asgi.request import ASGIRequest
from privy_middleware.asgi.state import ask, auth_in, lookup_in, remember, required_auth_in, required_lookup_in
from privy_middleware.asgi.types import ASGIApp, Message, Receive, Scope, Send

__all__ = [
    "ASGIApp",
    "ASGIRequest",
    "BufferedReceive",
    "Message",
    "MiddlewareOptions",
    "PrivyMiddleware",
    "Receive",
    "Scope",
    "Send",
    "ask",
    "auth_in",
    "lookup_in",
    "remember",
    "request_parts",
    "required_auth_in",
    "required_lookup_in",
    "warn_of_prefixes",
]
