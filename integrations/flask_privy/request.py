"""The user on Flask's request: ``request.privy_user`` and ``request.privy_auth``."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, ClassVar, cast

from flask import request

from flask_privy.lookup import FlaskLookup
from privy_middleware import PrivyAuth, PrivyUser

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from flask import Flask

    from privy_middleware.plugin import Gate

__all__ = ["PrivyRequest", "current_lookup", "find_lookup"]


class PrivyRequest:
    """Add the user to an app's ``request_class``.

    What is found stays with the request object: copied contexts, streams and templates of the same request see it, and
    no other request does.
    """

    privy_app: ClassVar[weakref.ref[Flask]]
    privy_gate: ClassVar[Gate]

    def __init__(self, environ: WSGIEnvironment, *args: Any, **kwargs: Any) -> None:
        """Take what the app's own class takes."""
        cast(Any, super()).__init__(environ, *args, **kwargs)
        # Made at once, so that copies of the request share it.
        self.privy_lookup: FlaskLookup = FlaskLookup(self.privy_app, self.privy_gate, environ)

    @property
    def privy_auth(self) -> PrivyAuth:
        """Return what is known about the request; never raises for a bad token."""
        return self.privy_lookup.find()

    @property
    def privy_user(self) -> PrivyUser | None:
        """Return the verified user or ``None``."""
        return self.privy_auth.user


def find_lookup() -> FlaskLookup | None:
    """Return what is known about the current request, ``None`` if its class is not one with a user.

    Raises:
        RuntimeError: when there is no request.
    """
    # The request itself: each look through the proxy costs as much as all that is done here.
    current = cast(Any, request)._get_current_object()
    return current.privy_lookup if isinstance(current, PrivyRequest) else None


def current_lookup() -> FlaskLookup:
    """Return what is known about the current request.

    Raises:
        RuntimeError: when there is none, or its app has no ``Privy``.
    """
    lookup = find_lookup()
    if lookup is None:
        raise RuntimeError("Privy is not set up for this app: call Privy(app) or privy.init_app(app) first.")
    return lookup
