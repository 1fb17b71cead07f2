"""What cached users take."""

from __future__ import annotations

import gc
import tracemalloc

from benchmarks.tokens import FOUR, Bench
from privy_middleware import PrivyVerifier

__all__ = ["cached_users"]


def cached_users(bench: Bench, count: int, *, look: bool = False) -> float:
    """Return the megabytes that a cache takes with ``count`` users in it, their accounts looked at or not."""
    verifier = PrivyVerifier(bench.config(token_cache_size=count))
    verifier.verify_identity_token(bench.token())
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for number in range(count):
        _verify(verifier, bench.token(FOUR, f"did:privy:user{number:021d}"), look)
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (after - before) / 1e6


def _verify(verifier: PrivyVerifier, token: str, look: bool) -> None:
    user = verifier.verify_identity_token(token)
    if look:
        assert user.linked_accounts
