"""JWK Sets (RFC 7517 §5)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from privy_middleware.keys.algorithms import VerificationKey
from privy_middleware.keys.errors import InvalidKeySet, UnusableKey
from privy_middleware.keys.jwk import read_jwk
from privy_middleware.keys.keyset import KeySet
from privy_middleware.tokens.strict_json import check_depth

__all__ = ["MAX_KEYS", "decode_document", "key_entries", "read_jwks"]

MAX_KEYS = 100
"""How many keys of one set are read at most: reading them takes time on the event loop."""


def read_jwks(document: object, *, algorithms: Collection[str]) -> KeySet:
    """Return the usable keys of a JWK Set, given as bytes, as text or decoded.

    Only the first ``MAX_KEYS`` keys are read. Keys that are not usable, such as those of an unknown type or use, are
    skipped (RFC 7517 §5), and so are those that share a ``kid`` with a different key (§4.5).

    Raises:
        InvalidKeySet: if it is not a JSON object with a list ``keys``, or none of its keys is usable.
    """
    entries = key_entries(decode_document(document))
    keys, skipped = _usable_keys(entries, algorithms)
    summary = "; ".join(f"{count}: {reason}" for reason, count in skipped.most_common())
    if not keys:
        raise InvalidKeySet(f"it contains no usable key ({summary or 'it is empty'})")
    return KeySet(keys, summary)


def key_entries(document: object) -> list[object]:
    """Return the list ``keys`` of a decoded JWK Set.

    Raises:
        InvalidKeySet: if it is not an object with such a list.
    """
    entries = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(entries, list | tuple):
        raise InvalidKeySet("it is not a JSON object with a list of keys")
    return list(entries)


def decode_document(document: object) -> object:
    """Return the value of a JSON document given as bytes or text; anything else is returned as it is.

    Raises:
        InvalidKeySet: if it is not JSON in UTF-8, or is nested too deeply.
    """
    try:
        text = document.decode("utf-8") if isinstance(document, bytes) else document
        if not isinstance(text, str):
            return text
        check_depth(text)
        return _DECODER.decode(text)
    except (ValueError, RecursionError):
        raise InvalidKeySet("it is not JSON in UTF-8") from None


def _without_duplicates(members: list[tuple[str, object]]) -> dict[str, object] | None:
    """Return an object, or ``None`` if it has a member twice (RFC 7517 §4), so that only that key is skipped."""
    unique = dict(members)
    return unique if len(unique) == len(members) else None


_DECODER = json.JSONDecoder(object_pairs_hook=_without_duplicates)


def _usable_keys(
    entries: list[object], algorithms: Collection[str]
) -> tuple[tuple[VerificationKey, ...], Counter[str]]:
    """Return the usable keys, and how many were skipped for each reason."""
    skipped: Counter[str] = Counter()
    if len(entries) > MAX_KEYS:
        skipped[f"it comes after the first {MAX_KEYS} keys"] = len(entries) - MAX_KEYS
    keys = []
    for entry in entries[:MAX_KEYS]:
        try:
            keys.append(read_jwk(entry, algorithms))
        except UnusableKey as unusable:
            skipped[str(unusable)] += 1
    return tuple(_unambiguous(keys, skipped)), skipped


def _unambiguous(keys: list[VerificationKey], skipped: Counter[str]) -> Iterator[VerificationKey]:
    """Yield each key once, and none of those that share a ``kid`` with a different key (RFC 7517 §4.5)."""
    holders: dict[str | None, set[bytes]] = {}
    for key in keys:
        holders.setdefault(key.kid, set()).add(key.fingerprint)
    seen = set()
    for key in keys:
        identity = (key.kid, key.fingerprint, key.algorithms)
        if key.kid is not None and len(holders[key.kid]) > 1:
            skipped["another key has the same kid"] += 1
        elif identity not in seen:
            seen.add(identity)
            yield key
