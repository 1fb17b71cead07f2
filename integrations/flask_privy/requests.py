"""The user on Flask's request: ``request.privy_user``, and the proxies for the current request."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, ClassVar, cast

from flask import request
from werkzeug.local import LocalProxy

from flask_privy import signals
from flask_privy.exceptions import to_raise
from flask_privy.parameters import in_request
from privy_middleware import PrivyAuth, PrivyError, PrivyUser
from privy_middleware.plugin import Lookup, Rule
from privy_middleware.wsgi import WSGIRequest

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from flask import Flask

    from privy_middleware.plugin import Gate

__all__ = ["FlaskLookup", "PrivyRequest", "current_lookup", "find_lookup", "privy_auth", "privy_user"]


class FlaskLookup(Lookup):
    """Find the user of one request, and tell the app's subscribers."""

    __slots__ = ("_app", "refused")

    def __init__(self, app: weakref.ref[Flask], gate: Gate, environ: WSGIEnvironment) -> None:
        """Create the lookup of a request; subscribers know the app as the sender."""
        super().__init__(gate, WSGIRequest(environ))
        self._app = app
        self.refused: PrivyError | None = None

    def find(self) -> PrivyAuth:
        """Return what is known about the request, blocking if keys have to be fetched."""
        looks_first = self.auth is None
        auth = super().find()
        if looks_first and auth.user is not None and signals.user_authenticated.receivers:
            signals.user_authenticated.send(self._app(), user=auth.user, auth=auth)
        return auth

    def check(self, rule: Rule) -> None:
        """Apply a rule to the request.

        Raises:
            PrivyHTTPException: if the rule refuses it.
            ConfigurationError: if a setting of the app is wrong.
        """
        try:
            rule.check(self.find(), in_request)
        except PrivyError as error:
            answer = self.gate.answer(error)
            self.refuse(error)
            raise to_raise(error, answer) from None

    def refuse(self, error: PrivyError) -> None:
        """Keep why the request is refused, and tell the subscribers once."""
        if self.refused is not error:
            self.refused = error
            signals.request_refused.send(self._app(), error=error)


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


privy_user: PrivyUser = cast(PrivyUser, LocalProxy(lambda: current_lookup().find().user))
"""The current request's user; falsy where there is none, as ``@optional_privy_user`` allows."""

privy_auth: PrivyAuth = cast(PrivyAuth, LocalProxy(lambda: current_lookup().find()))
"""What is known about the current request."""
