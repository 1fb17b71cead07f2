"""Latency beside the twin without authentication: in quiet, in an outage of the key server, and so on."""

from __future__ import annotations

import itertools
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from benchmarks import client
from benchmarks.report import Row, Section, exact
from benchmarks.servers import KeyServer, Server, serve
from benchmarks.tokens import Bench

__all__ = ["rows"]

_PATH = "/account"
_PERCENTILES = (50.0, 99.0, 99.9)
# The shortest time for which keys stay fresh: an outage shows only if it lasts longer.
_FRESH_SECONDS = 60
# Right after a fetch, an unknown key id causes no other one.
_WARM_UP_SECONDS = 1.5
_FLOOD_CONNECTIONS = 4
_BARE, _GUARDED = "benchmarks.pages.fastapi:bare", "benchmarks.pages.fastapi:guarded"


@dataclass(frozen=True)
class _Trouble:
    """Something that happens while requests are served.

    Attributes:
        name: what it is.
        requests: returns the requests of users.
        begin: lets it happen.
        flood: the invalid requests that come at the same time.
    """

    name: str
    requests: Callable[[], Iterable[bytes]]
    begin: Callable[[], None] = lambda: None
    flood: Iterable[bytes] = ()


def rows(bench: Bench, seconds: float, progress: Callable[[str], None]) -> Iterator[Row]:
    """Measure each trouble for some seconds, with the app without authentication and with it in turn."""
    section = Section(
        "load, latency",
        f"latency of a page in FastAPI behind uvicorn, of that without authentication, {seconds:g} s each",
    )
    for make in (_quiet, _outage, _rotation, _flood):
        latencies = {}
        for app in (_BARE, _GUARDED):
            keys = KeyServer(bench)
            keys.max_age = _FRESH_SECONDS
            try:
                trouble = make(bench, keys)
                progress(f"{trouble.name}: {app}")
                with serve("uvicorn", app, bench, keys, path=_PATH) as server:
                    latencies[app] = _measure(server, trouble, seconds)
            finally:
                keys.stop()
        for percent in _PERCENTILES:
            ratio = _percentile(latencies[_GUARDED], percent) / _percentile(latencies[_BARE], percent)
            yield exact(section, f"{trouble.name}, p{percent:g}", "×", ratio)
        yield exact(section, f"{trouble.name}, requests served", "", len(latencies[_GUARDED]))


def _measure(server: Server, trouble: _Trouble, seconds: float) -> list[float]:
    """Return the latencies of the users' requests, each of which must succeed."""
    _require_success(client.burst(server.port, trouble.requests(), _WARM_UP_SECONDS))
    trouble.begin()
    flood = threading.Thread(
        target=client.burst, args=(server.port, trouble.flood, seconds, _FLOOD_CONNECTIONS), daemon=True
    )
    flood.start()
    outcome = client.burst(server.port, trouble.requests(), seconds)
    flood.join()
    return _require_success(outcome)


def _require_success(outcome: client.Outcome) -> list[float]:
    if set(outcome.statuses) != {200}:
        raise RuntimeError(f"responses other than 200: {dict(outcome.statuses)}")
    return outcome.latencies


def _percentile(latencies: list[float], percent: float) -> float:
    return sorted(latencies)[min(len(latencies) - 1, int(len(latencies) * percent / 100))]


def _request(token: str) -> bytes:
    return client.request(_PATH, {"Cookie": f"privy-id-token={token}"})


def _users(bench: Bench) -> Iterator[bytes]:
    return itertools.cycle([_request(bench.token(user=f"did:privy:user{number:021d}")) for number in range(100)])


def _quiet(bench: Bench, _keys: KeyServer) -> _Trouble:
    return _Trouble("nothing happens", lambda: _users(bench))


def _outage(bench: Bench, keys: KeyServer) -> _Trouble:
    def begin() -> None:
        keys.fails = True

    return _Trouble("an outage of the key server", lambda: _users(bench), begin)


def _rotation(bench: Bench, _keys: KeyServer) -> _Trouble:
    # After the rotation, half of the users have tokens of the new key.
    before = list(itertools.islice(_users(bench), 100))
    users = before

    def begin() -> None:
        nonlocal users
        bench.issuer.rotate()
        users = [*before[:50], *itertools.islice(_users(bench), 50)]

    return _Trouble("a rotation of the keys", lambda: itertools.cycle(users), begin)


def _flood(bench: Bench, _keys: KeyServer) -> _Trouble:
    signature = bench.foreign_token().rpartition(".")[2]
    head = bench.token().rpartition(".")[0]
    unknown = bench.token_of_unknown_key()
    bad = (
        _request(f"{head}{secrets.token_hex(4)}.{signature}" if number % 2 else f"{unknown[:-8]}{secrets.token_hex(4)}")
        for number in itertools.count()
    )
    return _Trouble("a flood of invalid tokens", lambda: _users(bench), flood=bad)
