"""An immutable set of verification keys, found by ``kid`` and ``alg``."""

from __future__ import annotations

from collections.abc import Iterable

from privy_middleware.keys.algorithms import VerificationKey

__all__ = ["KeySet"]

# How many keys a token without a kid may be tried with: each try costs one verification.
_MAX_TRIES = 8


class KeySet:
    """Hold verification keys and find those that fit a token's header."""

    __slots__ = ("_any_kid", "_fingerprints", "_index", "_kids", "keys", "skipped")

    def __init__(self, keys: Iterable[VerificationKey], skipped: str = "") -> None:
        """Take the keys; ``skipped`` says for the log what else the set held, and nothing of it."""
        self.keys: tuple[VerificationKey, ...] = tuple(keys)
        self.skipped: str = skipped
        self._kids = frozenset(key.kid for key in self.keys)
        self._fingerprints = frozenset(key.fingerprint for key in self.keys)
        self._any_kid = self._kids == {None} and len(self._fingerprints) == 1
        self._index = _index(self.keys)

    def find(self, kid: str | None, alg: str) -> tuple[VerificationKey, ...]:
        """Return the key with this ``kid`` that fits ``alg``, at most one.

        Without a ``kid`` these are all that fit, at most eight. A single key that has no ``kid`` itself, as a PEM
        has none, goes with any.
        """
        return self._index.get((None if self._any_kid else kid, alg), ())

    def knows(self, kid: str | None) -> bool:
        """Tell whether a fetch of the same set could say no more about this ``kid``."""
        return kid is None or self._any_kid or kid in self._kids

    def names(self, kid: str | None) -> bool:
        """Return whether a key of the set has exactly this ``kid``."""
        return kid is not None and kid in self._kids

    def holds(self, fingerprint: bytes) -> bool:
        """Tell whether the key with this fingerprint is in the set."""
        return fingerprint in self._fingerprints

    def same_keys(self, other: KeySet) -> bool:
        """Tell whether both sets verify the same tokens, whatever their order."""
        return _identities(self.keys) == _identities(other.keys)

    def __repr__(self) -> str:
        """Show how many keys there are."""
        return f"<KeySet of {len(self.keys)}>"


def _identities(keys: tuple[VerificationKey, ...]) -> frozenset[tuple[str | None, bytes, frozenset[str]]]:
    return frozenset((key.kid, key.fingerprint, key.algorithms) for key in keys)


def _index(keys: tuple[VerificationKey, ...]) -> dict[tuple[str | None, str], tuple[VerificationKey, ...]]:
    index: dict[tuple[str | None, str], dict[bytes, VerificationKey]] = {}
    for key in keys:
        for alg in key.algorithms:
            for kid in {key.kid, None}:
                index.setdefault((kid, alg), {}).setdefault(key.fingerprint, key)
    return {pair: tuple(found.values())[:_MAX_TRIES] for pair, found in index.items()}
