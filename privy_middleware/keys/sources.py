"""Where verification keys come from: what every source of them has in common, and the source of fixed keys."""

from __future__ import annotations

import math
from typing import Protocol

from privy_middleware.errors import KeysUnavailable
from privy_middleware.keys.keyset import KeySet
from privy_middleware.keys.signatures import VerificationKey

__all__ = ["FixedKeys", "KeySource"]


class KeySource(Protocol):
    """Give the keys that a verifier may trust, and say when to ask anew."""

    @property
    def generation(self) -> int:
        """Return a number that changes whenever the set of keys changes."""
        ...

    @property
    def fresh_until(self) -> float:
        """Return when, on the source's clock, the keys have to be asked for anew."""
        ...

    def now(self) -> float:
        """Return the time on the source's clock, in seconds."""
        ...

    def lookup(self, kid: str | None, alg: str) -> tuple[VerificationKey, ...] | None:
        """Return the keys that fit, none if that is settled, or ``None`` if waiting for a fetch could help.

        Never blocks.
        """
        ...

    def fetch(self) -> None:
        """Block until a fetch has ended, successful or not; the next ``lookup`` shows which."""
        ...

    async def afetch(self) -> None:
        """Wait until a fetch has ended without blocking the event loop."""
        ...

    def unavailable(self) -> KeysUnavailable | None:
        """Return why there are no keys at all, or ``None`` if there are some."""
        ...

    def ready(self) -> None:
        """Have keys now, blocking.

        Raises:
            KeysUnavailable: there are none to be had.
        """
        ...

    async def aready(self) -> None:
        """Have keys now; raises as ``ready`` does."""
        ...


class FixedKeys:
    """Give the keys of the configuration: always the same, always there."""

    generation = 0
    fresh_until: float = math.inf

    def __init__(self, key_set: KeySet) -> None:
        """Take the keys as ``load_key_set`` returned them."""
        self._find = key_set.find

    def now(self) -> float:
        """Return a time at which the keys are fresh, as they are at every time."""
        return 0.0

    def lookup(self, kid: str | None, alg: str) -> tuple[VerificationKey, ...]:
        """Return the keys that fit; that is settled at once."""
        return self._find(kid, alg)

    def fetch(self) -> None:
        """Do nothing: there is nothing to fetch."""

    async def afetch(self) -> None:
        """Do nothing: there is nothing to fetch."""

    def unavailable(self) -> None:
        """Return ``None``: the keys are there."""

    def ready(self) -> None:
        """Do nothing: the keys are there."""

    async def aready(self) -> None:
        """Do nothing: the keys are there."""
