"""The user on Flask's request: ``request.privy_user`` and ``request.privy_auth``."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, ClassVar

from flask import request

from flask_privy.lookup import FlaskLookup
from privy_middleware import PrivyAuth, PrivyUser

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from flask import Flask

    from privy_middleware.plugin import Gate

__all__ = ["PrivyRequest", "current_lookup", "find_lookup"]


class PrivyRequest:
    """A mixin for the app's ``request_class`` that adds ``privy_user`` and ``privy_auth``.

    The result of the lookup is stored on the request object. Copied contexts, streams and templates of the same request
    use it too, and no other request does.

    Attributes:
        privy_app: the app.
        privy_gate: the gate of the app.
        privy_lookup: the lookup of this request.
    """

    privy_app: ClassVar[weakref.ref[Flask]]
    privy_gate: ClassVar[Gate]

    def __init__(self, environ: WSGIEnvironment, *args: Any, **kwargs: Any) -> None:
        """Create the request with the arguments of the app's own class."""
        create: Any = super().__init__
        create(environ, *args, **kwargs)
        # Created immediately, so that copies of the request share it.
        self.privy_lookup: FlaskLookup = FlaskLookup(self.privy_app, self.privy_gate, environ)

    @property
    def privy_auth(self) -> PrivyAuth:
        """Return the ``PrivyAuth`` of the request; an invalid token raises no error."""
        return self.privy_lookup.find()

    @property
    def privy_user(self) -> PrivyUser | None:
        """Return the verified user, or ``None``."""
        return self.privy_auth.user


_PROXY: Any = request


def find_lookup() -> FlaskLookup | None:
    """Return the lookup of the current request, or ``None`` if its app has no ``Privy``.

    Raises:
        RuntimeError: if there is no current request.
    """
    # The request object itself: each access through the proxy would take as long as this whole function.
    current = _PROXY._get_current_object()
    return current.privy_lookup if isinstance(current, PrivyRequest) else None


def current_lookup() -> FlaskLookup:
    """Return the lookup of the current request.

    Raises:
        RuntimeError: if there is no current request, or its app has no ``Privy``.
    """
    lookup = find_lookup()
    if lookup is None:
        raise RuntimeError("Privy is not set up for this app: call Privy(app) or privy.init_app(app) first.")
    return lookup
