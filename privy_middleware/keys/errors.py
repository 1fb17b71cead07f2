"""Why a key or a set of keys cannot be used; no message contains any part of a key."""

from __future__ import annotations

__all__ = ["InvalidKeySet", "PrivateKeyGiven", "UnusableKey"]


class UnusableKey(ValueError):
    """A key that cannot be used to verify signatures; the message says why."""


class PrivateKeyGiven(UnusableKey):
    """A private or symmetric key in the place of a public one."""

    def __init__(self) -> None:
        """Set the message, which says how to fix it."""
        super().__init__("it is a private or symmetric key: give the public one, and replace a leaked one")


class InvalidKeySet(ValueError):
    """A document that is not a JWK Set with at least one usable key; the message says why."""
