"""Sources of verification keys: what they have in common, and the source of fixed keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from privy_middleware.errors import KeysUnavailable
from privy_middleware.keys.algorithms import VerificationKey
from privy_middleware.keys.keyset import KeySet

__all__ = ["FixedKeys", "KeySource", "SupportsReady", "aready_all", "ready_all"]


class KeySource(Protocol):
    """A source of the keys that a verifier trusts."""

    @property
    def generation(self) -> int:
        """Return a number that changes whenever the set of keys changes."""
        ...

    def lookup(self, kid: str | None, alg: str) -> tuple[VerificationKey, ...] | None:
        """Return the keys that fit: none if there is no such key, ``None`` if a fetch may find one.

        Never blocks.
        """
        ...

    def summary(self) -> str:
        """Return how many keys there are and where they are from, in a few words for a message."""
        ...

    def is_current(self, generation: int) -> bool:
        """Return whether the keys are fresh, and still those of a generation."""
        ...

    def holds(self, kid: str | None, alg: str) -> bool:
        """Return whether ``lookup`` will return fresh keys."""
        ...

    def fetch(self) -> None:
        """Block until a fetch has ended, successful or not; the next ``lookup`` returns the result."""
        ...

    async def afetch(self) -> None:
        """Wait until a fetch has ended, without blocking the event loop."""
        ...

    def fetch_in_background(self) -> None:
        """Start a fetch if one may start now, and return at once."""
        ...

    def unavailable(self) -> KeysUnavailable | None:
        """Return the error that says why there are no keys at all, or ``None`` if there are some."""
        ...

    def uncertain(self, kid: str | None, generation: int) -> KeysUnavailable | None:
        """Return the error for a token that no key of this generation verifies but a new key may.

        ``None`` means that the token is bad.
        """
        ...

    def ready(self) -> None:
        """Fetch the keys now if there are no fresh ones, blocking.

        Raises:
            KeysUnavailable: if there are no keys.
        """
        ...

    async def aready(self) -> None:
        """Fetch the keys now without blocking the event loop; raises as ``ready`` does."""
        ...


class SupportsReady(Protocol):
    """Anything that can fetch its keys before the first request: a source of keys, or a verifier."""

    def ready(self) -> None:
        """Fetch the keys now, blocking."""
        ...

    async def aready(self) -> None:
        """Fetch the keys now, without blocking the event loop."""
        ...


def ready_all(parts: Iterable[SupportsReady]) -> None:
    """Fetch the keys of all parts now, blocking; if one fails, the others are fetched nevertheless.

    Raises:
        KeysUnavailable: the first failure, if there was any.
    """
    failures: list[KeysUnavailable] = []
    for part in parts:
        try:
            part.ready()
        except KeysUnavailable as error:
            failures.append(error)
    _raise_first(failures)


async def aready_all(parts: Iterable[SupportsReady]) -> None:
    """Fetch the keys of all parts now without blocking the event loop; raises as ``ready_all`` does."""
    failures: list[KeysUnavailable] = []
    for part in parts:
        try:
            await part.aready()
        except KeysUnavailable as error:
            failures.append(error)
    _raise_first(failures)


def _raise_first(failures: Sequence[KeysUnavailable]) -> None:
    if failures:
        raise failures[0]


class FixedKeys:
    """The keys of the configuration, which never change and need no fetch."""

    generation = 0

    def __init__(self, key_set: KeySet) -> None:
        """Set the keys, as ``load_key_set`` returned them."""
        self._find = key_set.find
        self._count = len(key_set.keys)

    def is_current(self, generation: int) -> bool:
        """Return ``True``: there is only one generation."""
        return True

    def lookup(self, kid: str | None, alg: str) -> tuple[VerificationKey, ...]:
        """Return the keys that fit, perhaps none."""
        return self._find(kid, alg)

    def summary(self) -> str:
        """Return how many keys are configured."""
        return "the configured key" if self._count == 1 else f"the {self._count} configured keys"

    def holds(self, kid: str | None, alg: str) -> bool:
        """Return ``True``: ``lookup`` never asks for a fetch."""
        return True

    def fetch(self) -> None:
        """Do nothing: there is nothing to fetch."""

    async def afetch(self) -> None:
        """Do nothing: there is nothing to fetch."""

    def fetch_in_background(self) -> None:
        """Do nothing: there is nothing to fetch."""

    def unavailable(self) -> None:
        """Return ``None``: there are keys."""

    def uncertain(self, kid: str | None, generation: int) -> None:
        """Return ``None``: there are no other keys."""

    def ready(self) -> None:
        """Do nothing: the keys are there."""

    async def aready(self) -> None:
        """Do nothing: the keys are there."""
