"""Channels: the core's ASGI middleware with ``settings.PRIVY``, for what is not HTTP by Django."""

from __future__ import annotations

from django.conf import settings

from django_privy.conf import PrivySettings
from privy_middleware.asgi import ASGIApp, PrivyMiddleware
from privy_middleware.expiry import OnExpired

__all__ = ["PrivyMiddlewareStack"]


def PrivyMiddlewareStack(  # noqa: N802 (named as Channels names its own)
    inner: ASGIApp, *, close_expired: bool = False, on_expired: OnExpired | None = None
) -> PrivyMiddleware:
    """Return ``inner`` behind Privy: a consumer finds ``privy_user`` and ``privy_auth`` in ``self.scope["state"]``.

    ``close_expired`` and ``on_expired`` are those of ``privy_middleware.PrivyMiddleware``.

    Raises:
        ConfigurationError: when a setting is wrong.
    """
    config, protect, exempt = PrivySettings().parts
    return PrivyMiddleware(
        inner,
        config,
        protect=protect,
        exempt=exempt,
        close_expired=close_expired,
        on_expired=on_expired,
        root_path=settings.FORCE_SCRIPT_NAME,
    )
