"""Whole requests: what authentication adds to the same app without it, by this library and by others.

The token of this library's apps is in a cookie, as browsers send it, and in its header if it is too long for a cookie.
The other apps read it from ``Authorization``, as in their documents, which costs less than a cookie.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass

import jwt

from benchmarks import apps
from benchmarks.apps.contender import NOTHING, OURS, Contender, Stack
from benchmarks.pairing import Candidate, Times
from benchmarks.report import Row, Section, paired
from benchmarks.sections.run import CACHE_SIZE, EACH_ROUND, UNIT, Run, progress
from benchmarks.sending import LOOKING, PATH
from benchmarks.tokens import FOUR, THIRTY
from benchmarks.verification import RAW

__all__ = ["BEST", "CACHED", "rows"]

_BARE = "bare"


@dataclass(frozen=True)
class _Kind:
    """A kind of request.

    Attributes:
        section: its table.
        tokens: the tokens of the requests, in turn.
        status: the status of the response.
        path: the route.
    """

    section: Section
    tokens: list[str]
    status: int = 200
    path: str = PATH

    def suits(self, contender: Contender) -> bool:
        """Return whether an app is measured with such requests."""
        if self.path == LOOKING:
            return contender.looks
        if contender.name == NOTHING:
            return self.section == CACHED
        return self.status == 200 or contender.rejects


_ADDED = "what authentication adds to a request"
CACHED = Section("requests, cached", f"{_ADDED}, the same token again, {FOUR}")
LARGE = Section("requests, large", f"{_ADDED}, the same token again, {THIRTY}")
NEW = Section("requests, new", f"{_ADDED}, each time a new token, {FOUR}")
NEW_LOOKED = Section("requests, new, accounts", f"{_ADDED}, each time a new token, {FOUR}, and the accounts used")
NEW_LARGE = Section("requests, new, large", f"{_ADDED}, each time a new token, {THIRTY}")
EXPIRED = Section("requests, expired", f"{_ADDED}, the same expired token again")
GARBAGE = Section("requests, garbage", f"{_ADDED}, 1 KB of garbage")
BEST = Section(
    "requests, best other",
    "how many times less privy-middleware adds than the best other library, the same token again",
)

_ORDER = (CACHED, BEST, LARGE, NEW, NEW_LOOKED, NEW_LARGE, EXPIRED, GARBAGE)


def rows(run: Run) -> Iterator[Row]:
    """Measure the apps of each framework, one kind of request after another."""
    loop = asyncio.new_event_loop()
    found: list[Row] = []
    for framework, build in apps.FRAMEWORKS.items():
        progress(f"requests, {framework}")
        # The apps of Django share a cache, so each framework has its own tokens.
        kinds = _kinds(run)
        stack = build(run.bench, run.bench.config(token_cache_size=CACHE_SIZE))
        _check(run, stack, kinds, loop)
        # Short rounds: the apps without authentication must be measured soon before or after those with it.
        found += [row for kind in kinds for row in _measured(run, framework, stack, kind, loop)]
    loop.close()
    yield from sorted(found, key=lambda row: _ORDER.index(row.section))


def _kinds(run: Run) -> list[_Kind]:
    bench = run.bench
    return [
        _Kind(CACHED, [bench.token()]),
        _Kind(LARGE, [bench.token(THIRTY)]),
        _Kind(NEW, run.tokens(FOUR)),
        _Kind(NEW_LOOKED, run.tokens(FOUR), path=LOOKING),
        _Kind(NEW_LARGE, run.tokens(THIRTY)),
        _Kind(EXPIRED, [bench.expired_token()], 401),
        _Kind(GARBAGE, ["x" * 1_000], 401),
    ]


def _check(run: Run, stack: Stack, kinds: list[_Kind], loop: asyncio.AbstractEventLoop) -> None:
    """Check that every app accepts and rejects as it should, so that no figure is that of an error.

    Raises:
        AssertionError: if an app responds with another status or another user.
    """
    forged = [_Kind(GARBAGE, [token], 401) for token in (run.bench.foreign_token(), run.bench.token_of_another_app())]
    for contender in stack.contenders:
        for kind in (each for each in (*kinds, *forged) if each.suits(contender)):
            answer = apps.client(stack, contender, kind.tokens, loop, kind.path).answer()
            assert answer.status == kind.status, (contender.name, kind.section.key, answer)
            if kind.status == 200 and contender.rejects:
                user = jwt.decode(kind.tokens[0], options={"verify_signature": False})["sub"]
                assert json.loads(answer.body) == {"user": user}, (contender.name, kind.section.key, answer)


def _measured(run: Run, framework: str, stack: Stack, kind: _Kind, loop: asyncio.AbstractEventLoop) -> Iterator[Row]:
    contenders = [each for each in stack.contenders if kind.suits(each)]
    bare = Candidate(_BARE, apps.client(stack, stack.bare, kind.tokens[:1], loop).timer, EACH_ROUND)
    candidates = [
        Candidate(each.name, apps.client(stack, each, kind.tokens, loop, kind.path).timer, EACH_ROUND)
        for each in contenders
    ]
    times = run.measure([bare, *candidates])
    for each in contenders:
        seconds = times.seconds(each.name).median - times.seconds(_BARE).median
        added = times.added(each.name, _BARE, RAW)
        yield paired(kind.section, f"{framework}: {each.name}", UNIT, added, microseconds=seconds * 1e6)
    if kind.section == CACHED:
        yield from _best(framework, stack, times)


def _best(framework: str, stack: Stack, times: Times) -> Iterator[Row]:
    others = [each.name for each in stack.contenders if not each.is_ours and each.name != NOTHING]
    if others:
        best = min(others, key=lambda name: times.seconds(name).median)
        yield paired(BEST, framework, "times", times.times_less(OURS, best, _BARE))
