"""The memory that cached users need."""

from __future__ import annotations

import gc
import tracemalloc

from benchmarks.tokens import FOUR, Bench
from privy_middleware import PrivyVerifier
from privy_middleware.verifiers.token_cache import TokenCache

__all__ = ["cached_users", "estimate"]


def cached_users(bench: Bench, count: int, *, size: str = FOUR, look: bool = False) -> float:
    """Return the megabytes that a cache with ``count`` users needs; ``look`` also uses the accounts of each."""
    verifier = PrivyVerifier(bench.config(token_cache_size=count, token_cache_bytes=1 << 30))
    verifier.verify_identity_token(bench.token())
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for number in range(count):
        _verify(verifier, bench.token(size, _user(number)), look)
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (after - before) / 1e6


def estimate(bench: Bench, size: str) -> tuple[int, float]:
    """Return the length of a token, and the number of bytes that the cache counts for it."""
    length = len(bench.token(size, _user(0)))
    return length, TokenCache.cost_of(length)


def _user(number: int) -> str:
    return f"did:privy:user{number:021d}"


def _verify(verifier: PrivyVerifier, token: str, look: bool) -> None:
    user = verifier.verify_identity_token(token)
    if look:
        assert user.linked_accounts is not None
