"""An immutable set of verification keys, found by ``kid`` and ``alg``."""

from __future__ import annotations

from collections.abc import Iterable

from privy_middleware.keys.algorithms import VerificationKey

__all__ = ["KeySet"]

# How many keys are tried for a token without a kid: each attempt costs one verification.
_MAX_ATTEMPTS = 8


class KeySet:
    """A set of verification keys.

    Attributes:
        keys: the keys.
        skipped: for the log, how many keys of the original document could not be used and why; empty if none.
    """

    __slots__ = ("_any_kid", "_index", "_kids", "keys", "skipped")

    def __init__(self, keys: Iterable[VerificationKey], skipped: str = "") -> None:
        """Set the keys, and what was skipped."""
        self.keys: tuple[VerificationKey, ...] = tuple(keys)
        self.skipped: str = skipped
        self._kids = frozenset(key.kid for key in self.keys)
        self._any_kid = self._kids == {None} and len({key.fingerprint for key in self.keys}) == 1
        self._index = _index(self.keys)

    def find(self, kid: str | None, alg: str) -> tuple[VerificationKey, ...]:
        """Return the key with this ``kid`` that fits ``alg``, at most one.

        Without a ``kid``, all keys that fit are returned, at most eight. A single key that has no ``kid`` itself, such
        as a PEM, fits every ``kid``.
        """
        return self._index.get((None if self._any_kid else kid, alg), ())

    def covers(self, kid: str | None) -> bool:
        """Return whether fetching the same set again cannot help to find this ``kid``."""
        return kid is None or self._any_kid or kid in self._kids

    def has_kid(self, kid: str | None) -> bool:
        """Return whether a key of the set has exactly this ``kid``."""
        return kid is not None and kid in self._kids

    def same_keys(self, other: KeySet) -> bool:
        """Return whether both sets verify the same tokens, in whatever order their keys are."""
        return _identities(self.keys) == _identities(other.keys)

    def count_missing(self, other: KeySet) -> int:
        """Return how many keys of this set are not in the other one."""
        return len(_identities(self.keys) - _identities(other.keys))

    def __repr__(self) -> str:
        """Show the number of keys."""
        return f"<KeySet of {len(self.keys)}>"


def _identities(keys: tuple[VerificationKey, ...]) -> frozenset[tuple[str | None, bytes, frozenset[str]]]:
    return frozenset((key.kid, key.fingerprint, key.algorithms) for key in keys)


def _index(keys: tuple[VerificationKey, ...]) -> dict[tuple[str | None, str], tuple[VerificationKey, ...]]:
    index: dict[tuple[str | None, str], dict[bytes, VerificationKey]] = {}
    for key in keys:
        for alg in key.algorithms:
            for kid in {key.kid, None}:
                index.setdefault((kid, alg), {}).setdefault(key.fingerprint, key)
    return {pair: tuple(found.values())[:_MAX_ATTEMPTS] for pair, found in index.items()}
