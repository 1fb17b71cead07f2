"""The signals of the plugin; the sender is the Flask app.

If nothing in a request needs the user, the token is not verified and neither signal is sent.
"""

from __future__ import annotations

from blinker import NamedSignal, Namespace

__all__ = ["event", "request_refused", "user_authenticated"]

_signals = Namespace()

user_authenticated: NamedSignal = _signals.signal("privy-user-authenticated")
"""Sent after a token was verified, with ``user`` (a ``PrivyUser``) and ``auth`` (a ``PrivyAuth``)."""

request_refused: NamedSignal = _signals.signal("privy-request-refused")
"""Sent when a request is rejected, with ``error`` (a ``PrivyError``, whose ``code`` is the reason)."""

event: NamedSignal = _signals.signal("privy-event")
"""Sent with ``event`` (an object of ``privy_middleware.events``) for each decision and each change of the keys."""
