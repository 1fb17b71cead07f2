"""A small HTTP/1.1 load client with several connections, each of which sends a request after each response."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from benchmarks.servers import HOST

__all__ = ["Outcome", "burst", "request", "wrk"]

_CONNECTIONS = 16
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
_SERVED = re.compile(r"([0-9]+) requests in ([0-9.]+)(ms|s|m),")
_REFUSED = re.compile(r"Non-2xx or 3xx responses: ([0-9]+)")


@dataclass
class Outcome:
    """The result of a burst.

    Attributes:
        seconds: how long it took.
        statuses: the number of responses with each status.
        latencies: the seconds from each request to its response, which wrk does not tell.
    """

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Return the responses per second."""
        return self.statuses.total() / self.seconds


def request(path: str, headers: Mapping[str, str]) -> bytes:
    """Return the bytes of a ``GET`` request."""
    fields = {"Host": HOST, "Accept": "application/json", **headers}
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def burst(port: int, requests: Iterable[bytes], seconds: float, connections: int = _CONNECTIONS) -> Outcome:
    """Send requests for some seconds, or until all of them are sent."""
    return asyncio.run(_burst(port, iter(requests), seconds, connections))


async def _burst(port: int, requests: Iterator[bytes], seconds: float, connections: int) -> Outcome:
    outcome, start = Outcome(), time.perf_counter()
    deadline = start + seconds
    await asyncio.gather(*(_talk(port, requests, deadline, outcome) for _ in range(connections)))
    outcome.seconds = time.perf_counter() - start
    return outcome


async def _talk(port: int, requests: Iterator[bytes], deadline: float, outcome: Outcome) -> None:
    connection = None
    for each in requests:
        reader, writer = connection = connection or await asyncio.open_connection(HOST, port)
        sent = time.perf_counter()
        writer.write(each)
        status, stays = await _answer(reader)
        outcome.latencies.append(time.perf_counter() - sent)
        outcome.statuses[status] += 1
        if not stays:
            writer.close()
            connection = None
        if time.perf_counter() > deadline:
            break
    if connection is not None:
        connection[1].close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """Read a response; return its status, and whether the connection stays open."""
    head = await reader.readuntil(b"\r\n\r\n")
    length, stays = _LENGTH.search(head), _CLOSE.search(head) is None
    if length is not None:
        await reader.readexactly(int(length[1]))
    elif stays:
        await _chunks(reader)
    else:
        await reader.read()
    return int(head[9:12]), stays


async def _chunks(reader: asyncio.StreamReader) -> None:
    """Read a body in chunks, without trailers (RFC 9112 §7.1)."""
    size = -1
    while size:
        size = int(await reader.readuntil(b"\r\n"), 16)
        await reader.readexactly(size + 2)


def wrk(port: int, path: str, headers: Mapping[str, str], seconds: float) -> Outcome | None:
    """Send requests with wrk, or return ``None`` if it is not installed."""
    if shutil.which("wrk") is None:
        return None
    fields = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    duration = f"-d{max(1, round(seconds))}s"
    command = ["wrk", "-t1", f"-c{_CONNECTIONS}", duration, *fields, f"http://{HOST}:{port}{path}"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = _SERVED.search(printed)
    assert found is not None
    refused = _REFUSED.search(printed)
    failed = int(refused[1]) if refused else 0
    unit = {"ms": 1e-3, "s": 1.0, "m": 60.0}[found[3]]
    return Outcome(float(found[2]) * unit, Counter({200: int(found[1]) - failed, 500: failed}) + Counter())
