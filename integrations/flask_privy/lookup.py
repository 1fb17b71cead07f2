"""What is known about a request, and the signals that tell the app."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from flask_privy import signals
from flask_privy.exceptions import to_raise
from flask_privy.parameters import in_request
from privy_middleware import PrivyAuth, PrivyError
from privy_middleware.plugin import Lookup, Rule
from privy_middleware.wsgi import WSGIRequest

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from flask import Flask

    from privy_middleware.plugin import Gate

__all__ = ["FlaskLookup"]


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
