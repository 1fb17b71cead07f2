"""What an app can subscribe to; the sender is the Flask app.

Neither signal is sent for a request whose route never looks at the user: nothing is verified there.
"""

from __future__ import annotations

from blinker import NamedSignal, Namespace

__all__ = ["request_refused", "user_authenticated"]

_signals = Namespace()

user_authenticated: NamedSignal = _signals.signal("privy-user-authenticated")
"""Sent when a request's token has verified, with ``user`` (a ``PrivyUser``) and ``auth`` (its ``PrivyAuth``)."""

request_refused: NamedSignal = _signals.signal("privy-request-refused")
"""Sent when a request is refused, with ``error`` (a ``PrivyError``, whose ``code`` says why)."""
