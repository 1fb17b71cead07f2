"""Where verification keys come from: what every source of them has in common, and the source of fixed keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from privy_middleware.errors import KeysUnavailable
from privy_middleware.keys.algorithms import VerificationKey
from privy_middleware.keys.keyset import KeySet

__all__ = ["FixedKeys", "HasKeys", "KeySource", "aready_all", "ready_all"]


class KeySource(Protocol):
    """Give the keys that a verifier may trust, and say when to ask anew."""

    @property
    def generation(self) -> int:
        """Return a number that changes whenever the set of keys changes."""
        ...

    def lookup(self, kid: str | None, alg: str) -> tuple[VerificationKey, ...] | None:
        """Return the keys that fit, none if that is settled, or ``None`` if waiting for a fetch could help.

        Never blocks.
        """
        ...

    def is_current(self, generation: int) -> bool:
        """Say whether the keys are fresh, and still those of a generation."""
        ...

    def holds(self, kid: str | None, alg: str) -> bool:
        """Say whether fresh keys that fit are at hand, so that ``lookup`` gives them."""
        ...

    def fetch(self) -> None:
        """Block until a fetch has ended, successful or not; the next ``lookup`` shows which."""
        ...

    async def afetch(self) -> None:
        """Wait until a fetch has ended without blocking the event loop."""
        ...

    def fetch_behind(self) -> None:
        """Start a fetch, if one may start now, and wait for nothing."""
        ...

    def unavailable(self) -> KeysUnavailable | None:
        """Return why there are no keys at all, or ``None`` if there are some."""
        ...

    def uncertain(self, kid: str | None, generation: int) -> KeysUnavailable | None:
        """Return why a token may be good although no key of this generation verifies it, or ``None`` if it is bad."""
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


class HasKeys(Protocol):
    """What keys can be had for ahead of the first request."""

    def ready(self) -> None:
        """Have keys now, blocking."""
        ...

    async def aready(self) -> None:
        """Have keys now."""
        ...


def ready_all(parts: Iterable[HasKeys]) -> None:
    """Have the keys of all parts now, blocking; one whose keys cannot be had keeps none of the others waiting.

    Raises:
        KeysUnavailable: the first of those that there were.
    """
    failures: list[KeysUnavailable] = []
    for part in parts:
        try:
            part.ready()
        except KeysUnavailable as error:
            failures.append(error)
    _raise_first(failures)


async def aready_all(parts: Iterable[HasKeys]) -> None:
    """Have the keys of all parts now; otherwise as ``ready_all``."""
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
    """Give the keys of the configuration: always the same, always there."""

    generation = 0

    def __init__(self, key_set: KeySet) -> None:
        """Take the keys as ``load_key_set`` returned them."""
        self._find = key_set.find

    def is_current(self, generation: int) -> bool:
        """Say that there are no others."""
        return True

    def lookup(self, kid: str | None, alg: str) -> tuple[VerificationKey, ...]:
        """Return the keys that fit; that is settled at once."""
        return self._find(kid, alg)

    def holds(self, kid: str | None, alg: str) -> bool:
        """Say that nothing has to be waited for: what is not at hand never will be."""
        return True

    def fetch(self) -> None:
        """Do nothing: there is nothing to fetch."""

    async def afetch(self) -> None:
        """Do nothing: there is nothing to fetch."""

    def fetch_behind(self) -> None:
        """Do nothing: there is nothing to fetch."""

    def unavailable(self) -> None:
        """Return ``None``: the keys are there."""

    def uncertain(self, kid: str | None, generation: int) -> None:
        """Return ``None``: there are no other keys."""

    def ready(self) -> None:
        """Do nothing: the keys are there."""

    async def aready(self) -> None:
        """Do nothing: the keys are there."""
