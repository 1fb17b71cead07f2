"""Types to annotate a view's request with, since type checkers do not know what the middleware adds.

When a program runs, both are Django's ``HttpRequest``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest

if TYPE_CHECKING:
    from privy_middleware import PrivyAuth, PrivyUser

    class PrivyHttpRequest(HttpRequest):
        """A request behind ``PrivyMiddleware``."""

        @property
        def privy_auth(self) -> PrivyAuth:
            """Return what is known about the request; never raises for a bad token."""
            ...

        @property
        def privy_user(self) -> PrivyUser | None:
            """Return the verified user or ``None``."""
            ...

        async def aprivy_user(self) -> PrivyUser | None:
            """Return the verified user or ``None``; waits for keys without blocking the event loop."""
            ...

    class AuthenticatedPrivyHttpRequest(PrivyHttpRequest):
        """A request in a view that requires a user."""

        @property
        def privy_user(self) -> PrivyUser:
            """Return the verified user."""
            ...

        async def aprivy_user(self) -> PrivyUser:
            """Return the verified user."""
            ...

else:
    PrivyHttpRequest = AuthenticatedPrivyHttpRequest = HttpRequest

__all__ = ["AuthenticatedPrivyHttpRequest", "PrivyHttpRequest"]
