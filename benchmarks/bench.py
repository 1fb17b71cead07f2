"""Compare verification with other libraries in the same run: ``nox -s bench``, with options after ``--``."""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import string
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks import memory, node, report, verification, webapps
from benchmarks.pairing import Candidate, Times, calling, measure
from benchmarks.report import Row, exact, paired
from benchmarks.tokens import FOUR, LONG, SIZES, Bench
from benchmarks.verification import CACHED, COLD, PARSING, RAW
from privy_middleware import PrivyError, PrivyVerifier

_RESULTS = Path(__file__).with_name("results")
_USERS = 10_000
_FEW = 500
_UNIT = "× raw"
# The most that authentication may add to a request, in units of one raw verification.
_ADDED = {"ASGI": 0.1, "WSGI": 0.15, "FastAPI": 0.15, "Flask": 0.15, "Django": 0.15}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the results and save them."""
    options = _options(arguments)
    logging.disable(logging.CRITICAL)
    bench = Bench()
    with ExitStack() as stack:
        peers = stack.enter_context(node.peers()) if node.available() and not options.no_node else None
        rows = [
            *_verification(bench, options.rounds, peers),
            *_requests(bench, options.rounds),
            *_refusals(bench, options.rounds),
            *_paths(bench, options.rounds),
            *_memory(bench),
        ]
        versions = {} if peers is None else peers.versions
    machine = report.machine(options.rounds)
    print(f"{machine}\n\n{report.text(rows)}\n")
    print(f"saved as {report.save(_RESULTS, 'bench', rows, machine=machine, node=versions)}")
    if options.compare:
        print(f"\n{report.compare(rows, options.compare)}")
    if options.update:
        report.update(options.update, report.markdown(rows, machine), "bench")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="nox -s bench --", description=__doc__)
    parser.add_argument("--rounds", type=int, default=150, help="how often each candidate is timed (150)")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="show the changes compared with a saved run")
    parser.add_argument("--update", type=Path, metavar="FILE", help="write the table between the marks of a document")
    parser.add_argument("--no-node", action="store_true", help="skip the libraries that npm would install")
    return parser.parse_args(arguments)


def _verification(bench: Bench, rounds: int, peers: node.Peers | None) -> Iterator[Row]:
    for size in SIZES:
        token = bench.token(size)
        _progress(f"verification of a token of {len(token):,} bytes")
        candidates = verification.candidates(bench, token)
        if peers is not None:
            candidates += peers.candidates(bench, token)
        times = measure(candidates, rounds)
        section = f"token → user, {size}, {len(token):,} bytes"
        yield from _beside_each_other(section, candidates, times, goals=size == FOUR)
        if size == FOUR:
            yield from _faster(section, times, official=peers is not None)


def _beside_each_other(section: str, candidates: Sequence[Candidate], times: Times, *, goals: bool) -> Iterator[Row]:
    at_most = {COLD: 1.35, CACHED: 0.03} if goals else {}
    for name in (each.name for each in candidates):
        bounds = {"at_most": at_most.get(name), "microseconds": times.seconds(name).median * 1e6}
        yield paired(section, name, _UNIT, times.ratio(name, RAW), **bounds)


def _faster(section: str, times: Times, *, official: bool) -> Iterator[Row]:
    unit = "times as fast"
    parsing = "than PyJWT and the inner JSON"
    yield paired(section, f"nothing cached, {parsing}", unit, times.ratio(PARSING, COLD), at_least=1.7)
    yield paired(section, f"the same token again, {parsing}", unit, times.ratio(PARSING, CACHED), at_least=50)
    if official:
        sdk = "nothing cached, than the official Node SDK"
        yield paired(section, sdk, unit, times.ratio(node.OFFICIAL, COLD), at_least=1)


def _requests(bench: Bench, rounds: int) -> Iterator[Row]:
    _progress("requests")
    token = bench.token()
    section = "a request with a cached token in its cookie: what authentication adds"
    loop = asyncio.new_event_loop()
    candidates = [Candidate(RAW, calling(verification.raw_verification(bench, token)))]
    for name in webapps.FRAMEWORKS:
        without, authenticated = webapps.twins(name, bench, token, loop)
        candidates += [Candidate(f"{name} without", without), Candidate(name, authenticated)]
    times = measure(candidates, rounds)
    loop.close()
    for name in webapps.FRAMEWORKS:
        added = times.seconds(name).median - times.seconds(f"{name} without").median
        bounds = {"at_most": _ADDED.get(name), "microseconds": added * 1e6}
        yield paired(section, _LABELS.get(name, name), _UNIT, times.added(name, f"{name} without", RAW), **bounds)


_LABELS = {
    "ASGI": "ASGI middleware, over the bare app",
    "ASGI, looked": "the same, for an app that uses the user",
    "WSGI": "WSGI middleware, over the bare app",
    "Starlette": "Starlette, over a middleware and a decorator that do nothing",
    "FastAPI": "FastAPI, over a middleware and a security dependency that do nothing",
    "Flask": "Flask, over hooks before and after the request that do nothing",
    "Django": "Django (WSGI), over a middleware that does nothing",
}


def _refusals(bench: Bench, rounds: int) -> Iterator[Row]:
    _progress("refusals")
    token = bench.token()
    verifier = PrivyVerifier(bench.config())
    raw = Candidate(RAW, calling(verification.raw_verification(bench, token)))
    # Only a token with a forged signature needs a verification. All others must be rejected before it.
    refused = {
        "bad signature": (bench.foreign_token(), None),
        "unknown kid": (bench.token_of_unknown_key(), 0.1),
        "garbage of 1 KB": (_garbage(1_000), 0.1),
        "garbage of 16 KB": (_garbage(16_000), 0.1),
        "three segments of garbage, 16 KB": (f"{_garbage(5_000)}.{_garbage(5_000)}.{_garbage(5_000)}", 0.1),
        "a real token of 10 MB": (f"{token.rpartition('.')[0]}{_garbage(10_000_000)}.{_garbage(86)}", 0.1),
    }
    calls = [Candidate(name, calling(_refusing(verifier, bad))) for name, (bad, _) in refused.items()]
    times = measure([raw, *calls], rounds)
    for name, (_, at_most) in refused.items():
        bounds = {"at_most": at_most, "microseconds": times.seconds(name).median * 1e6}
        yield paired("an invalid token rejected", name, _UNIT, times.ratio(name, RAW), **bounds)


def _paths(bench: Bench, rounds: int) -> Iterator[Row]:
    _progress("paths")
    raw = Candidate(RAW, calling(verification.raw_verification(bench, bench.token())))
    judges = webapps.judges(bench)
    times = measure([raw, *(Candidate(name, calling(judge)) for name, judge in judges.items())], rounds)
    for name in judges:
        bounds = {"at_most": 0.1 if "8 KB" in name else None, "microseconds": times.seconds(name).median * 1e6}
        yield paired("whether a path is protected, by ASGI", name, _UNIT, times.ratio(name, RAW), **bounds)


def _garbage(length: int) -> str:
    return "".join(random.Random(length).choices(string.ascii_letters + string.digits, k=length))


def _refusing(verifier: PrivyVerifier, token: str) -> Callable[[], None]:
    def refuse() -> None:
        try:
            verifier.verify_identity_token(token)
        except PrivyError:
            return
        raise AssertionError("an invalid token was accepted")

    return refuse


def _memory(bench: Bench) -> Iterator[Row]:
    _progress("memory")
    section = f"memory of {_USERS:,} cached users with four accounts each"
    yield exact(section, "as they were verified", "MB", memory.cached_users(bench, _USERS), at_most=30)
    looked = memory.cached_users(bench, _USERS, look=True)
    yield exact(section, "after the accounts of each were used", "MB", looked)
    for size in (*SIZES, LONG):
        length, counted = memory.estimate(bench, size)
        section = f"memory of a cached token, {size}, {length:,} bytes"
        for name, look in (("as it was verified", False), ("after its accounts were used", True)):
            taken = memory.cached_users(bench, _FEW, size=size, look=look) / _FEW * 1e6
            yield exact(section, name, "bytes", taken, at_most=counted)


def _progress(what: str) -> None:
    print(f"measuring: {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
