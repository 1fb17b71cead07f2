"""What ``benchmarks.counts`` counts: cached requests, first requests and first verifications."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks import apps, verification
from benchmarks.pairing import Timer, calling
from benchmarks.tokens import FOUR, THIRTY, Bench
from privy_middleware import PrivyVerifier

__all__ = ["Task", "all_tasks"]

# Enough different tokens that each is new to the cache when it is its turn again.
_CACHED = 32
_TOKENS = 2 * _CACHED


@dataclass(frozen=True)
class Task:
    """Something to count.

    Attributes:
        name: its name.
        timer: does it a number of times.
        minus: does what is not counted, such as the work of the bare app.
    """

    name: str
    timer: Timer
    minus: Timer | None = None


def all_tasks(loop: asyncio.AbstractEventLoop) -> Iterator[Task]:
    """Return all tasks."""
    bench = Bench()
    four, thirty = bench.tokens(_TOKENS), bench.tokens(_TOKENS, THIRTY)
    raw = calling(verification.raw_verification(bench, four[0]))
    yield Task("raw: one P-256 verification", raw)
    for size, tokens in ((FOUR, four), (THIRTY, thirty)):
        yield Task(f"first sight, {size}, without raw", _first_sight(bench, tokens), raw)
        yield Task(f"first sight, {size}, accounts looked at, without raw", _first_sight(bench, tokens, look=True), raw)
    verifier = PrivyVerifier(bench.config())
    yield Task(f"cached, {FOUR}", calling(lambda: verifier.verify_identity_token(four[0])))
    for framework in apps.FRAMEWORKS:
        yield from _requests(bench, framework, four, loop)


def _first_sight(bench: Bench, tokens: Sequence[str], *, look: bool = False) -> Timer:
    verify = PrivyVerifier(bench.config(token_cache_size=_CACHED)).verify_identity_token
    following: Callable[[], str] = itertools.cycle(tokens).__next__
    if look:
        return calling(lambda: verify(following()).linked_accounts)
    return calling(lambda: verify(following()))


def _requests(bench: Bench, framework: str, tokens: Sequence[str], loop: asyncio.AbstractEventLoop) -> Iterator[Task]:
    stack = apps.FRAMEWORKS[framework](bench, bench.config(token_cache_size=_CACHED))
    bare = apps.client(stack, stack.bare, tokens[:1], loop).timer
    for contender in stack.contenders:
        if contender.is_ours:
            name = contender.name.replace("privy-middleware", framework)
            cached = apps.client(stack, contender, tokens[:1], loop).timer
            first = apps.client(stack, contender, tokens, loop).timer
            yield Task(f"{name}: a cached token", cached, bare)
            yield Task(f"{name}: a token's first request", first, bare)
