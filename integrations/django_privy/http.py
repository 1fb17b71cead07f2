"""Types for the annotation of a view's request, because type checkers do not know the attributes of the middleware.

At run time, both are Django's ``HttpRequest``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest

if TYPE_CHECKING:
    from privy_middleware import PrivyAuth, PrivyUser

    class PrivyHttpRequest(HttpRequest):
        """A request with the attributes that ``PrivyMiddleware`` adds."""

        @property
        def privy_auth(self) -> PrivyAuth:
            """Return the ``PrivyAuth`` of the request; an invalid token raises no error."""
            ...

        @property
        def privy_user(self) -> PrivyUser | None:
            """Return the verified user, or ``None``."""
            ...

        async def aprivy_user(self) -> PrivyUser | None:
            """Return the verified user, or ``None``; waits for keys without blocking the event loop."""
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
