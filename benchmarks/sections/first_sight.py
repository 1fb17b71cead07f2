"""Tokens that are verified for the first time, and kept in the cache: each is a different one."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

from benchmarks.apps import verifying
from benchmarks.pairing import Candidate, calling
from benchmarks.report import Row, Section
from benchmarks.sections.run import CACHE_SIZE, EACH_ROUND, Run, progress, ratio
from benchmarks.tokens import FOUR, THIRTY
from privy_middleware import PrivyVerifier

__all__ = ["rows"]

_SECTION = Section("first sight", "different tokens → users, each new to the cache")
_PEERS = {
    "joserfc by hand": verifying.joserfc_jwt,
    "PyJWT by hand": verifying.pyjwt,
    "Authlib by hand": verifying.authlib_jose,
}


def rows(run: Run) -> Iterator[Row]:
    """Measure tokens of two sizes."""
    progress("tokens seen for the first time")
    candidates = [each for size in (FOUR, THIRTY) for each in _candidates(run, size)]
    times = run.measure(candidates)
    for each in candidates:
        yield ratio(_SECTION, each.name, times)


def _candidates(run: Run, size: str) -> Iterator[Candidate]:
    tokens = run.tokens(size)
    config = run.bench.config(token_cache_size=CACHE_SIZE)
    plain, looking = PrivyVerifier(config), PrivyVerifier(config)
    ours = f"privy-middleware, {size}"
    yield _each(ours, plain.verify_identity_token, tokens)
    used = f"{ours}, and its accounts used"
    yield _each(used, lambda token: looking.verify_identity_token(token).linked_accounts, tokens)
    for name, verify in _PEERS.items():
        yield _each(f"{name}, {size}", verify(run.bench), tokens)


def _each(name: str, verify: Callable[[str], object], tokens: Sequence[str]) -> Candidate:
    following: Callable[[], str] = itertools.cycle(tokens).__next__
    return Candidate(name, calling(lambda: verify(following())), least=EACH_ROUND)
