"""The lookup of a request's user, which also sends the signals."""

from __future__ import annotations

import logging
import weakref
from typing import TYPE_CHECKING, Any

from flask_privy import signals
from flask_privy.exceptions import to_raise
from flask_privy.parameters import in_request
from privy_middleware import PrivyAuth, PrivyError
from privy_middleware.events import RequestEvent
from privy_middleware.plugin import Lookup, Rule
from privy_middleware.wsgi import WSGIRequest

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from blinker import NamedSignal
    from flask import Flask

    from privy_middleware.plugin import Gate

__all__ = ["FlaskLookup", "FlaskRequest", "send_signal"]

_logger = logging.getLogger("privy_middleware.events")


class FlaskLookup(Lookup):
    """The lookup for one request, which also sends the signals."""

    __slots__ = ("_app",)

    def __init__(self, app: weakref.ref[Flask], gate: Gate, environ: WSGIEnvironment) -> None:
        """Create the lookup of a request; the app is the sender of the signals."""
        super().__init__(gate, FlaskRequest(environ))
        self._app = app

    def find(self) -> PrivyAuth:
        """Return the ``PrivyAuth`` of the request; blocks if keys must be fetched."""
        looks_first = self.auth is None
        auth = super().find()
        if looks_first and auth.user is not None and signals.user_authenticated.receivers:
            # An app may reject a user in a receiver, so what it raises is not caught.
            signals.user_authenticated.send(self._app(), user=auth.user, auth=auth)
        return auth

    def check(self, rule: Rule) -> None:
        """Apply a rule to the request.

        Raises:
            PrivyHTTPException: if the rule rejects it.
            ConfigurationError: if a setting of the app is wrong.
        """
        try:
            rule.check(self.find(), in_request)
        except PrivyError as error:
            raise to_raise(error, self.refuse(error)) from None

    def remember(self, error: PrivyError) -> None:
        """Remember the error that the request is rejected with, and send the signal."""
        super().remember(error)
        send_signal(signals.request_refused, self._app(), error=error)

    def listens(self) -> bool:
        """Return whether anything would be done with an event about a request that was not rejected."""
        return bool(signals.event.receivers) or super().listens()

    def announce(self, event: RequestEvent) -> None:
        """Report an event, and send it as a signal."""
        super().announce(event)
        send_signal(signals.event, self._app(), event=event)


class FlaskRequest(WSGIRequest):
    """The request as its environ describes it, with the route that Flask has matched."""

    __slots__ = ()

    @property
    def route(self) -> str | None:
        """Return the URL rule, such as ``/users/<id>``."""
        rule = getattr(self.native.get("werkzeug.request"), "url_rule", None)
        return None if rule is None else str(rule.rule)


def send_signal(signal: NamedSignal, sender: object, **values: Any) -> None:
    """Send a signal; what a receiver raises is logged, and changes no response."""
    if not signal.receivers:
        return
    try:
        signal.send(sender, **values)
    except Exception:
        _logger.exception("A receiver of the signal %s raised an exception.", signal.name)
