"""Channels: the core's ASGI middleware with ``settings.PRIVY``, for what is not HTTP by Django."""

from __future__ import annotations

from django_privy.conf import PrivySettings
from privy_middleware.asgi import ASGIApp, PrivyMiddleware

__all__ = ["PrivyMiddlewareStack"]


def PrivyMiddlewareStack(inner: ASGIApp) -> PrivyMiddleware:  # noqa: N802 (named as Channels names its own)
    """Return ``inner`` behind Privy: a consumer finds ``privy_user`` and ``privy_auth`` in ``self.scope["state"]``.

    Raises:
        ConfigurationError: when a setting is wrong.
    """
    config, paths = PrivySettings().parts
    return PrivyMiddleware(inner, config, **paths)
