"""A download respects the limits of time and size, or fails with a reason, however the server behaves."""

from __future__ import annotations

import gzip
import ssl
import threading
from pathlib import Path
from typing import Any

import httpx2
import pytest

from privy_middleware.fetching.download import Document, Downloader, FetchFailed
from tests.support.certificates import Authority
from tests.support.keyserver import (
    DRIP_BODY,
    Behaviour,
    KeyServer,
    bomb,
    compressed,
    drip,
    flood,
    hang_up,
    reply,
    reset_mid_body,
    silence,
)
from tests.support.patience import PATIENCE
from tests.support.ways import Way, call, every_way

_GZIP = {"Content-Encoding": "gzip"}


def _get(
    server: KeyServer, way: Way, *, timeout: float = PATIENCE, max_bytes: int = 262_144, **options: Any
) -> Document:
    downloader = Downloader(server.url, timeout=timeout, max_bytes=max_bytes, options=options)
    return call(way, downloader.get, downloader.aget)


@every_way
def test_document(way: Way) -> None:
    """The body is returned with the time that it is fresh, and the request accepts only codings that are understood."""
    with KeyServer() as server:
        server.behave = reply(b"hello", headers={"Cache-Control": "max-age=600"})
        assert _get(server, way, headers={"X-Own": "1"}) == Document(b"hello", 600.0)
    (request,) = server.requests
    assert request.startswith(b"GET /jwks.json HTTP/1.1\r\n")
    head = request.lower()
    assert b"\r\naccept-encoding: gzip\r\n" in head
    assert b"\r\nx-own: 1\r\n" in head


@every_way
@pytest.mark.parametrize(
    ("behave", "reason"),
    [
        pytest.param(hang_up, "connection failed", id="hangs up"),
        pytest.param(reset_mid_body, "connection failed", id="resets in the body"),
        pytest.param(reply(b"x", headers={"Content-Length": 100}), "connection failed", id="stops in the body"),
        pytest.param(reply(b"x" * 1001), "longer than 1000 bytes", id="says it is too long"),
        pytest.param(reply(b"x", headers={"Content-Length": "9" * 20}), "longer than 1000", id="says it is endless"),
        pytest.param(flood(10 * 2**20), "longer than 1000 bytes", id="does not say it is too long"),
        pytest.param(bomb(64), "longer than 1000 bytes", id="inflates"),
        pytest.param(compressed(b"x" * 1001), "longer than 1000 bytes", id="is too long after decompression"),
        pytest.param(reply(b"plain text", headers=_GZIP), "decompressed", id="is no gzip"),
        pytest.param(reply(gzip.compress(b"x")[:-8], headers=_GZIP), "decompressed", id="is half a gzip"),
        pytest.param(flood(10 * 2**20, gzip.compress(b"x")), "longer than 1000 bytes", id="is gzip and endless"),
        pytest.param(reply(b"x", headers={"Content-Encoding": "br"}), "coding", id="has another coding"),
        pytest.param(reply(b"x", headers={"Content-Encoding": "gzip, gzip"}), "coding", id="has two codings"),
        pytest.param(reply(b"", 301, {"Location": "/elsewhere"}), "redirects .301.", id="redirects"),
        pytest.param(reply(b"", 302, {"Location": "file:///etc/passwd"}), "redirects", id="redirects to a file"),
        pytest.param(reply(b"", 308, {"Location": "http://127.0.0.1:1/"}), "redirects", id="redirects elsewhere"),
        pytest.param(reply(b"", 300), "redirects", id="leaves the choice"),
        pytest.param(reply(b"", 304), "redirects", id="says not modified"),
        pytest.param(reply(b"{}", 400), "status 400", id="does not understand"),
        pytest.param(reply(b"{}", 201), "status 201", id="created"),
        pytest.param(reply(b"{}", 404), "status 404", id="not found"),
        pytest.param(reply(b"{}", 500, {"Retry-After": 7}), "status 500", id="fails"),
        pytest.param(lambda connection: connection.sendall(b"nonsense\r\n\r\n"), "connection failed", id="is no HTTP"),
    ],
)
def test_misbehaviour(behave: Behaviour, reason: str, way: Way) -> None:
    """Each kind of misbehaviour is the same kind of failure, with a reason and without a cause."""
    with KeyServer() as server:
        server.behave = behave
        with pytest.raises(FetchFailed, match=reason) as caught:
            _get(server, way, max_bytes=1000)
    assert caught.value.retry_after is None
    assert caught.value.__cause__ is None
    assert server.count == 1


@every_way
def test_endless_body(way: Way) -> None:
    """If a server sends without end, the connection is closed at the size limit, not at the timeout."""
    with KeyServer() as server:
        server.behave = flood(2**50)
        with pytest.raises(FetchFailed, match="longer than 1000 bytes"):
            _get(server, way, max_bytes=1000)


@every_way
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after(status: int, way: Way) -> None:
    """A busy server can say when to try again."""
    with KeyServer() as server:
        server.behave = reply(b"", status, {"Retry-After": 7})
        with pytest.raises(FetchFailed, match=f"status {status}") as caught:
            _get(server, way)
    assert caught.value.retry_after == 7.0


@every_way
@pytest.mark.parametrize(
    "behave",
    [
        pytest.param(silence, id="silent"),
        pytest.param(drip(), id="drips its headers"),
        pytest.param(DRIP_BODY, id="drips its body"),
    ],
)
def test_slowness(behave: Behaviour, way: Way) -> None:
    """The total timeout applies to a silent server and to a slow one, and the connection is closed."""
    with KeyServer() as server:
        server.behave = behave
        with pytest.raises(FetchFailed, match=r"no answer within 0\.2 s"):
            _get(server, way, timeout=0.2)
    # On a slow machine the timeout may occur before the request is sent.
    assert server.count <= 1


@every_way
def test_refused_connection(way: Way) -> None:
    """If the server is down, the error contains the reason."""
    with KeyServer() as server:
        server.stop()
        with pytest.raises(FetchFailed, match="no connection: "):
            _get(server, way)


@every_way
def test_tls(way: Way, tmp_path: Path) -> None:
    """A server with a certificate of the configured authority is accepted."""
    authority = Authority(tmp_path)
    with KeyServer(tls=authority.server_context()) as server:
        server.behave = reply(b"hello")
        assert _get(server, way, verify=authority.bundle).body == b"hello"


@every_way
def test_tls_drips(way: Way, tmp_path: Path) -> None:
    """The total timeout also applies to a slow server with TLS."""
    authority = Authority(tmp_path)
    with KeyServer(tls=authority.server_context()) as server:
        server.behave = drip()
        # On a slow machine the timeout may occur during the TLS handshake.
        with pytest.raises(FetchFailed, match=r"no answer within 0\.3 s|it does not answer in time"):
            _get(server, way, verify=authority.bundle, timeout=0.3)


@every_way
@pytest.mark.parametrize("trouble", ["another authority", "another host", "expired", "no TLS"])
def test_wrong_tls(trouble: str, way: Way, tmp_path: Path) -> None:
    """A certificate of an unknown authority, of another host or out of date, and a server without TLS, are rejected."""
    authority = Authority(tmp_path)
    trusted: Any = ssl.create_default_context() if trouble == "another authority" else authority.bundle
    address = "127.0.0.2" if trouble == "another host" else "127.0.0.1"
    tls = authority.server_context(address=address, expired=trouble == "expired")
    with KeyServer(tls=tls) as server:
        if trouble == "no TLS":
            server._tls = None
        downloader = Downloader(
            server.url.replace("http:", "https:"), timeout=PATIENCE, max_bytes=1000, options={"verify": trusted}
        )
        with pytest.raises(FetchFailed, match=r"no connection|connection failed"):
            call(way, downloader.get, downloader.aget)
    assert server.count == 0


@every_way
@pytest.mark.parametrize("weaken", ["names", "certificates"])
def test_weakened_context(weaken: str, way: Way, tmp_path: Path) -> None:
    """If a context was weakened after it was configured, nothing is sent."""
    authority = Authority(tmp_path)
    context = ssl.create_default_context(cafile=authority.bundle)
    with KeyServer(tls=authority.server_context(address="127.0.0.2")) as server:
        options = {"verify": context}
        downloader = Downloader(server.url, timeout=PATIENCE, max_bytes=1000, options=options)
        context.check_hostname = False
        if weaken == "certificates":
            context.verify_mode = ssl.CERT_NONE
        options.clear()
        with pytest.raises(FetchFailed, match="SSLContext in client_options no longer checks"):
            call(way, downloader.get, downloader.aget)
        assert server.count == 0
        context.check_hostname = True
        with pytest.raises(FetchFailed, match="no connection"):
            call(way, downloader.get, downloader.aget)


@every_way
def test_context_weakened_during_a_fetch(way: Way, tmp_path: Path) -> None:
    """A response that arrived over such a connection is discarded."""
    authority = Authority(tmp_path)
    context = ssl.create_default_context(cafile=authority.bundle)

    def weaken(request: Any) -> Any:
        context.check_hostname = False
        return request

    with KeyServer(tls=authority.server_context(address="127.0.0.2")) as server:
        server.behave = reply(b"forged")
        with pytest.raises(FetchFailed, match="SSLContext in client_options no longer checks"):
            _get(server, way, verify=context, auth=weaken)
        assert server.count == 1


@every_way
def test_weakened_context_of_a_proxy(way: Way) -> None:
    """The context of a proxy is checked too, whether it was changed or replaced."""
    context = ssl.create_default_context()
    with KeyServer() as server:
        proxy = httpx2.Proxy(server.url.replace("http:", "https:"), ssl_context=context)
        downloader = Downloader("https://127.0.0.1:1/", timeout=PATIENCE, max_bytes=1000, options={"proxy": proxy})
        context.check_hostname = False
        with pytest.raises(FetchFailed, match="SSLContext in client_options no longer checks"):
            call(way, downloader.get, downloader.aget)
        proxy.ssl_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with pytest.raises(FetchFailed, match="SSLContext in client_options no longer checks"):
            call(way, downloader.get, downloader.aget)


@every_way
def test_proxy(way: Way) -> None:
    """The fetch uses the configured proxy, and an error of the proxy is reported."""
    with KeyServer() as proxy, KeyServer() as server:
        proxy.behave = reply(b"by proxy")
        assert _get(server, way, proxy=proxy.url).body == b"by proxy"
        assert server.count == 0
        proxy.behave = reply(b"", 407)
        downloader = Downloader(
            "https://127.0.0.1:1/jwks.json", timeout=PATIENCE, max_bytes=1000, options={"proxy": proxy.url}
        )
        with pytest.raises(FetchFailed, match="the proxy refuses: 407"):
            call(way, downloader.get, downloader.aget)


def _dawdle(request: Any) -> Any:
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join(PATIENCE)
    return request


def test_late_connection() -> None:
    """A connection that is established after the timeout is not used."""
    with KeyServer() as server, pytest.raises(FetchFailed, match=r"no answer within 0\.05 s"):
        _get(server, "blocking", timeout=0.05, auth=_dawdle)


def _fail(request: Any) -> Any:
    raise LookupError(request.headers["host"])


@every_way
def test_unforeseen_error(way: Way) -> None:
    """An error in the caller's own hooks is a failed fetch, and its type is reported."""
    with KeyServer() as server, pytest.raises(FetchFailed, match="an error of type LookupError") as caught:
        _get(server, way, auth=_fail)
    assert server.url not in str(caught.value)


def test_nothing_is_left() -> None:
    """A blocking fetch leaves no thread, whether it was fast or slow."""
    with KeyServer() as server:
        server.behave = reply(b"hello")
        _get(server, "blocking")
        server.behave = silence
        with pytest.raises(FetchFailed):
            _get(server, "blocking", timeout=0.1)
    assert [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)] == []
