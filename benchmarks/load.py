"""Put the example apps under load, on loopback only: ``nox -s load``, with options after ``--``."""

from __future__ import annotations

import argparse
import itertools
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks import client, goals, report, trouble
from benchmarks.pairing import Quartiles
from benchmarks.report import Row, Section, exact, paired
from benchmarks.servers import KeyServer, Server, serve
from benchmarks.tokens import Bench

_RESULTS = Path(__file__).with_name("results")


class _Pair(NamedTuple):
    """An app without authentication and with it.

    Attributes:
        server: what serves them.
        name: their name in the table.
        bare: the app without authentication.
        guarded: the app with it.
        path: the path of the requests.
    """

    server: str
    name: str
    bare: str
    guarded: str
    path: str = "/me"

    @classmethod
    def example(cls, server: str, name: str, app: str) -> _Pair:
        """Return the pair of an example app."""
        return cls(server, name.replace("_", " "), f"benchmarks.bare:{name}", f"example_apps.{app}")

    @classmethod
    def page(cls, server: str, framework: str, call: str = "") -> _Pair:
        """Return the pair of a framework that renders a template."""
        module = f"benchmarks.pages.{framework}"
        return cls(server, f"{framework}, a page", f"{module}:bare{call}", f"{module}:guarded{call}", "/account")


_PAIRS = (
    _Pair.page("uvicorn", "fastapi"),
    _Pair.page("gunicorn", "flask"),
    _Pair.page("gunicorn", "django", "()"),
    _Pair.example("uvicorn", "asgi", "asgi_app:app"),
    _Pair.example("uvicorn", "asgi_without_caching_fields", "asgi_app:app"),
    _Pair.example("uvicorn", "starlette", "starlette_app:app"),
    _Pair.example("uvicorn", "fastapi", "fastapi_app:app"),
    _Pair.example("uvicorn", "django", "django_app:app"),
    _Pair.example("gunicorn", "wsgi", "wsgi_app:app"),
    _Pair.example("gunicorn", "flask", "flask_app:app"),
    _Pair.example("gunicorn", "django_wsgi", "django_app:wsgi_app"),
    _Pair.example("gunicorn, uvicorn worker", "fastapi", "fastapi_app:app"),
)
_RATES = Section("load, rates", "requests a second with authentication, of those without")
_WORK = Section("load, work", "the same, by the processor time that the server spent")
_USERS = 10_000
_FLOOD = 4_000
_AT_MOST_SECONDS = 20.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the results and save them."""
    options = _options(arguments)
    bench = Bench()
    keys = KeyServer(bench)
    try:
        rows = goals.with_goals(
            [
                *_rates(bench, keys, options),
                *trouble.rows(bench, options.trouble, _progress),
                *_flood(bench, keys),
                *_many_users(bench, keys, options.minutes * 60),
            ]
        )
    finally:
        keys.stop()
    machine = report.machine(options.rounds)
    print(f"{machine}\n\n{report.text(rows)}\n")
    print(f"saved as {report.save(_RESULTS, 'load', rows, machine=machine)}")
    if options.update:
        report.update(options.update, report.markdown(rows, machine), "load")
    return goals.conclude(rows, options)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="nox -s load --", description=__doc__)
    parser.add_argument("--rounds", type=int, default=8, help="how often each app is put under load (8)")
    parser.add_argument("--seconds", type=float, default=0.5, help="how long the load takes each time (0.5)")
    parser.add_argument("--minutes", type=float, default=0.25, help="how long 10,000 users are served (0.25)")
    parser.add_argument(
        "--trouble", type=float, default=5, help="seconds of each trouble (5); an outage shows after 60"
    )
    goals.add_options(parser)
    return parser.parse_args(arguments)


def _rates(bench: Bench, keys: KeyServer, options: argparse.Namespace) -> Iterator[Row]:
    headers = {"Cookie": f"privy-id-token={bench.token()}"}
    for pair in _PAIRS:
        _progress(f"{pair.name} behind {pair.server}")
        with (
            serve(pair.server, pair.bare, bench, keys, pair.path) as bare,
            serve(pair.server, pair.guarded, bench, keys, pair.path) as guarded,
        ):
            by_clock, by_work = _shares(bare, guarded, pair.path, headers, options)
        label = f"{pair.name}, {pair.server}"
        yield paired(_RATES, label, "%", by_clock)
        yield paired(_WORK, label, "%", by_work)


def _shares(
    bare: Server, guarded: Server, path: str, headers: Mapping[str, str], options: argparse.Namespace
) -> tuple[Quartiles, Quartiles]:
    """Load two servers in turn and return the rates of the second in percent of the first, for each round.

    The two rates are requests per second, and requests per second of processor time, which other programs on the
    machine affect less.
    """
    for server in (bare, guarded):
        _rates_of(server, path, headers, options.seconds)
    rounds = []
    for number in range(options.rounds):
        order = (bare, guarded) if number % 2 else (guarded, bare)
        rates = {server: _rates_of(server, path, headers, options.seconds) for server in order}
        rounds.append([100 * with_it / without for with_it, without in zip(rates[guarded], rates[bare], strict=True)])
    by_clock, by_work = zip(*rounds, strict=True)
    return Quartiles.of(by_clock), Quartiles.of(by_work)


def _rates_of(server: Server, path: str, headers: Mapping[str, str], seconds: float) -> tuple[float, float]:
    worked = server.cpu_seconds()
    outcome = client.wrk(server.port, path, headers, seconds)
    if outcome is None:
        outcome = client.burst(server.port, itertools.repeat(client.request(path, headers)), seconds)
    _require(outcome, 200)
    return outcome.rate, outcome.statuses.total() / (server.cpu_seconds() - worked)


def _require(outcome: client.Outcome, status: int) -> None:
    if set(outcome.statuses) != {status}:
        raise RuntimeError(f"responses other than {status}: {dict(outcome.statuses)}")


def _identified(token: str) -> bytes:
    return client.request("/me", {"privy-id-token": token})


def _flood(bench: Bench, keys: KeyServer) -> Iterator[Row]:
    section = Section("load, flood", f"a flood of invalid tokens, {_FLOOD:,} different ones of each kind")
    stranger = bench.foreign_token().rpartition(".")[2]
    header, payload, _ = bench.token().split(".")
    kinds: dict[str, Callable[[], str]] = {
        "bad signature": lambda: f"{header}.{_spoilt(payload)}.{stranger}",
        "unknown kid": lambda: bench.issuer.identity_token(headers={"kid": secrets.token_hex(8)}),
        "oversized": lambda: secrets.token_urlsafe(20_000),
        "garbage": lambda: secrets.token_urlsafe(600),
    }
    with serve("uvicorn", "example_apps.asgi_app:app", bench, keys) as server:
        good = _identified(bench.token())
        _require(client.burst(server.port, itertools.repeat(good, 2_000), _AT_MOST_SECONDS), 200)
        memory = [server.resident_megabytes()]
        fetches = dict.fromkeys(kinds, 0)
        for _, (name, make) in itertools.product(range(2), kinds.items()):
            _progress(f"flood: {name}")
            before = keys.count
            bad = [_identified(make()) for _ in range(_FLOOD // 2)]
            _require(client.burst(server.port, bad, _AT_MOST_SECONDS), 401)
            fetches[name] += keys.count - before
            memory.append(server.resident_megabytes())
        _require(client.burst(server.port, itertools.repeat(good, 10), _AT_MOST_SECONDS), 200)
    for name, count in fetches.items():
        # Unknown key IDs cause at most one fetch in 30 s.
        yield exact(section, f"key fetches, {name}", "", count)
    yield exact(section, "growth of resident memory over the first half", "MB", memory[len(kinds)] - memory[0])
    yield exact(section, "growth of resident memory over the second half", "MB", memory[-1] - memory[len(kinds)])


def _spoilt(payload: str) -> str:
    return f"{payload[:40]}{secrets.token_hex(8)}{payload[56:]}"


def _many_users(bench: Bench, keys: KeyServer, seconds: float) -> Iterator[Row]:
    heading = f"{_USERS:,} users in turn, {seconds:.0f} s, FastAPI behind uvicorn, caches at their defaults"
    section = Section("load, users", heading)
    _progress(heading)
    requests = [_identified(bench.token(user=f"did:privy:user{number:021d}")) for number in range(_USERS)]
    with serve("uvicorn", "example_apps.fastapi_app:app", bench, keys) as server:
        fetches = keys.count
        start = server.resident_megabytes()
        outcome = client.burst(server.port, requests, 10 * _AT_MOST_SECONDS)
        _require(outcome, 200)
        filled = server.resident_megabytes()
        outcome = client.burst(server.port, itertools.cycle(requests), seconds)
        _require(outcome, 200)
        yield exact(section, "resident memory before the first user", "MB", start)
        yield exact(section, "growth until each user came once", "MB", filled - start)
        yield exact(section, "growth from there to the end", "MB", server.resident_megabytes() - filled)
        yield exact(section, "requests served", "", outcome.statuses.total())
        yield exact(section, "key fetches", "", keys.count - fetches)


def _progress(what: str) -> None:
    print(f"measuring: {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
