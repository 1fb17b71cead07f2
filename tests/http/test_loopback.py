"""Whether a request comes from the machine itself."""

from __future__ import annotations

import pytest
from django.test import RequestFactory, override_settings

from django_privy.request_adapter import DjangoRequest
from privy_middleware.http.loopback import is_loopback
from privy_middleware.http.request import shown_method, shown_path
from privy_middleware.wsgi import WSGIRequest
from tests.behaviour.clients.wsgi import environ_of
from tests.support.tokens import Request, identity


def request(client: str | None, *fields: tuple[str, str]) -> Request:
    """Return a request of a client."""
    made = Request(*fields)
    made.client = client
    return made


@pytest.mark.parametrize("client", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:80", "[::1]:8000", "LOCALHOST"])
def test_local(client: str, host: str) -> None:
    """Both addresses are of this machine."""
    assert is_loopback(request(client, ("Host", host)))


@pytest.mark.parametrize(
    "client", [None, "", "testclient", "10.0.0.1", "192.168.1.1", "::2", "0.0.0.0", "127.1", "localhost"]
)
def test_other_clients(client: str | None) -> None:
    """Anything else is not local, such as a Unix socket, which a proxy may use."""
    assert not is_loopback(request(client, ("Host", "localhost")))


@pytest.mark.parametrize(
    "host", ["", "example.com", "localhost.example.com", "127.0.0.1.example.com", "[::1", "user@evil", "evil@localhost"]
)
def test_other_hosts(host: str) -> None:
    """A proxy usually passes the host on."""
    assert not is_loopback(request("127.0.0.1", ("Host", host)))


def test_no_host_or_two() -> None:
    """A browser sends exactly one."""
    assert not is_loopback(request("127.0.0.1"))
    assert not is_loopback(request("127.0.0.1", ("Host", "localhost"), ("Host", "localhost")))


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("/me?token=secret", "/me"),
        ("/users/42/", "/users/42/"),
        ("*", "*"),
        (f"/verify/{identity()}/x", "/verify/.../x"),
        ("/a\r\nb\u202e", "/a??b?"),
        ("/" + "a/" * 200, "/" + "a/" * 99 + "a"),
    ],
)
def test_paths_in_the_log(target: str, shown: str) -> None:
    """There is no query, nothing as long as a token, and no control character."""
    assert shown_path(target) == shown


@pytest.mark.parametrize(
    ("method", "shown"), [("GET", "GET"), ("WEBSOCKET", "WEBSOCKET"), ("G\n", "?"), ("A" * 41, "?")]
)
def test_methods_in_the_log(method: str, shown: str) -> None:
    """A client can send any text."""
    assert shown_method(method) == shown


def test_waitress() -> None:
    """It hides that a request came through a proxy, so none of its clients counts as local."""
    environ = environ_of("GET", "/", [("Host", "localhost")])
    assert is_loopback(WSGIRequest(environ))
    assert not is_loopback(WSGIRequest({**environ, "SERVER_SOFTWARE": "waitress"}))
    with override_settings(ALLOWED_HOSTS=["*"]):
        factory = RequestFactory(headers={"Host": "localhost"})
        assert is_loopback(DjangoRequest(factory.get("/")))
        assert not is_loopback(DjangoRequest(factory.get("/", SERVER_SOFTWARE="waitress")))
