"""The signals of the plugin; the sender is the class of the middleware.

Those about requests are sent with the ``request`` when the response exists. If a view does not use the user, no
signal is sent. When an account is created, Django sends ``post_save`` for ``PrivyAccount``.
"""

from __future__ import annotations

from django.dispatch import Signal

__all__ = ["event", "request_refused", "user_authenticated"]

user_authenticated: Signal = Signal()
"""Sent after a token was verified, with ``user`` (a ``PrivyUser``) and ``auth`` (a ``PrivyAuth``)."""

request_refused: Signal = Signal()
"""Sent when a request is rejected, with ``error`` (a ``PrivyError``, whose ``code`` is the reason)."""

event: Signal = Signal()
"""Sent with ``event`` (an object of ``privy_middleware.events``) for each decision and each change of the keys."""
