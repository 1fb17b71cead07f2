"""Download a document, with limits on its time and size that no server can exceed."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import httpx2

from privy_middleware.fetching.cache_control import date_of, max_age_of, retry_after_of
from privy_middleware.fetching.client_options import client_settings, is_weakened
from privy_middleware.fetching.timeout import Deadline, client_timeout

__all__ = ["Document", "Downloader", "FetchFailed"]

_RETRY_LATER = frozenset({429, 503})
_CODINGS = frozenset({"", "identity", "gzip"})
# zlib's number for a gzip header and the largest window.
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Document:
    """A downloaded document, for how many seconds its server says that it is fresh, and the server's clock."""

    body: bytes
    max_age: float | None
    date: float | None = field(default=None, compare=False)


class FetchFailed(Exception):
    """A document could not be downloaded.

    Attributes:
        reason: the problem, in a few words.
        retry_after: the server's ``Retry-After``, in seconds.
    """

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        """Set the reason, and the server's ``Retry-After`` if there is one."""
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class Downloader:
    """Download one document, with a limit on its total time and size that the server cannot exceed.

    No connection, thread or object of an event loop outlives a download. If the app has changed a TLS context so that
    it no longer checks the server, the download fails.
    """

    def __init__(self, url: str, *, timeout: float, max_bytes: int, options: Mapping[str, Any]) -> None:
        """Set the URL, the total time in seconds, the size limit and the options for httpx2's clients.

        Raises:
            ConfigurationError: if an option may not be set, or has a wrong value.
        """
        self._url = url
        self._timeout = timeout
        self._max_bytes = max_bytes
        limits = client_timeout(timeout)
        self._given = dict(options)
        self._settings = {**client_settings(url, options), "timeout": limits, "follow_redirects": False}

    def get(self) -> Document:
        """Return the document, blocking.

        Raises:
            FetchFailed: if it cannot be downloaded.
        """
        deadline = Deadline(self._timeout)
        extensions = {"trace": deadline.watch}
        with (
            self._as_fetch_failed(deadline),
            deadline,
            httpx2.Client(**self._settings) as client,
            client.stream("GET", self._url, extensions=extensions) as response,
        ):
            collected = self._collector(response)
            for chunk in response.iter_raw():
                if not collected.add(chunk):
                    break
        return collected.document()

    async def aget(self) -> Document:
        """Return the document without blocking the event loop; raises as ``get`` does."""
        with self._as_fetch_failed(), anyio.fail_after(self._timeout):
            async with (
                httpx2.AsyncClient(**self._settings) as client,
                client.stream("GET", self._url) as response,
            ):
                collected = self._collector(response)
                await _drain(response, collected)
        return collected.document()

    def _collector(self, response: httpx2.Response) -> _Collector:
        _check_head(response)
        length = response.headers.get("content-length", "")
        if length.isdecimal() and int(length) > self._max_bytes:
            raise _too_long(self._max_bytes)
        return _Collector(self._max_bytes, response.headers)

    @contextmanager
    def _as_fetch_failed(self, deadline: Deadline | None = None) -> Iterator[None]:
        """Raise any exception as `FetchFailed`."""
        self._check_tls()
        try:
            yield
            # The context may have been changed while the connection was being made.
            self._check_tls()
        except FetchFailed:
            raise
        except Exception as error:
            late = (deadline is not None and deadline.passed) or isinstance(error, _LATE)
            raise FetchFailed(f"no answer within {self._timeout:g} s" if late else _reason(error)) from None

    def _check_tls(self) -> None:
        if is_weakened(self._given):
            raise FetchFailed("the SSLContext in client_options no longer checks certificates and host names")


class _Collector:
    """A body that is being received, up to a limit that applies to the compressed and to the decompressed bytes."""

    def __init__(self, limit: int, headers: httpx2.Headers) -> None:
        self._limit = limit
        self._max_age = max_age_of(headers)
        self._date = date_of(headers)
        self._gunzip = zlib.decompressobj(_GZIP) if _coding(headers) == "gzip" else None
        self._body = bytearray()
        self._received = 0
        self.problem: FetchFailed | None = None

    def add(self, chunk: bytes) -> bool:
        """Add what was received, and return whether to go on."""
        try:
            self._body += self._gunzip.decompress(chunk, self._limit + 1) if self._gunzip else chunk
        except zlib.error:
            self.problem = FetchFailed("the answer cannot be decompressed")
        # The decompressor also keeps what follows the end of the compressed body, so the received bytes count too.
        self._received += len(chunk)
        if max(self._received, len(self._body)) > self._limit:
            self.problem = _too_long(self._limit)
        return self.problem is None

    def document(self) -> Document:
        """Return the document, or raise `FetchFailed` if its body is not complete and right."""
        if self.problem is not None:
            raise self.problem
        if self._gunzip is not None and not self._gunzip.eof:
            raise FetchFailed("the answer cannot be decompressed")
        return Document(bytes(self._body), self._max_age, self._date)


async def _drain(response: httpx2.Response, collected: _Collector) -> None:
    try:
        async for chunk in response.aiter_raw():
            if not collected.add(chunk):
                # This ends the iteration: trio warns about async generators that are left before their end.
                await response.aclose()
    except httpx2.TransportError:
        if collected.problem is None:
            raise


def _too_long(limit: int) -> FetchFailed:
    return FetchFailed(f"the answer is longer than {limit} bytes")


def _coding(headers: httpx2.Headers) -> str:
    return str(headers.get("content-encoding", "")).strip().lower()


def _check_head(response: httpx2.Response) -> None:
    status = response.status_code
    if 300 <= status < 400:
        raise FetchFailed(f"it redirects ({status}), which is refused: give the final address")
    if status != httpx2.codes.OK:
        retry_after = retry_after_of(response.headers) if status in _RETRY_LATER else None
        raise FetchFailed(f"it answers with status {status}", retry_after)
    if _coding(response.headers) not in _CODINGS:
        raise FetchFailed("the answer's content coding was not asked for")


# Except for connecting, the client's own limits are the total time as well: either one may be reached first.
_LATE = (TimeoutError, httpx2.ReadTimeout, httpx2.WriteTimeout, httpx2.PoolTimeout)
_REASONS: tuple[tuple[type[Exception], Callable[[Exception], str]], ...] = (
    (httpx2.ConnectTimeout, lambda _: "it does not answer in time"),
    (httpx2.ConnectError, lambda error: f"no connection: {_printable(str(error))}"),
    (httpx2.ProxyError, lambda error: f"the proxy refuses: {_printable(str(error))}"),
    (httpx2.TransportError, lambda _: "the connection failed"),
)


def _reason(error: Exception) -> str:
    for kind, describe in _REASONS:
        if isinstance(error, kind):
            return describe(error)
    return f"an error of type {type(error).__name__}"


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text[:200])
