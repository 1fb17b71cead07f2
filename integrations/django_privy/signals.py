"""What an app can subscribe to; the sender is the middleware's class.

Both are sent when the response is ready, with the ``request``. Neither is sent for a request whose view never looks at
the user. A new account of a user is Django's own ``post_save`` of ``PrivyAccount``.
"""

from __future__ import annotations

from django.dispatch import Signal

__all__ = ["request_refused", "user_authenticated"]

user_authenticated: Signal = Signal()
"""Sent when a request's token has verified, with ``user`` (a ``PrivyUser``) and ``auth`` (its ``PrivyAuth``)."""

request_refused: Signal = Signal()
"""Sent when a request is refused, with ``error`` (a ``PrivyError``, whose ``code`` says why)."""
