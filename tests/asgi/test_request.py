"""Reading a raw ASGI scope."""

from __future__ import annotations

from typing import Any

import pytest

from privy_middleware.asgi import ASGIRequest
from tests.behaviour.clients.asgi import scope_of


def request(kind: str = "http", target: str = "/", **more: Any) -> ASGIRequest:
    """Return a request for a target."""
    return ASGIRequest(scope_of(kind, target, method="GET", **more))


def test_method() -> None:
    """The method distinguishes a handshake from a page."""
    assert request().method == "GET"
    assert request("websocket").method == "WEBSOCKET"


def test_scheme() -> None:
    """A server may omit the scheme."""
    assert request(scheme="https").scheme == "https"
    assert ASGIRequest({"type": "http"}).scheme == "http"


@pytest.mark.parametrize(
    ("path", "root", "paths"),
    [
        ("/me", "", ["/me"]),
        ("/api/me", "/api", ["/api/me", "/me"]),
        ("/api/me", "/api/", ["/api/me", "/me"]),
        ("/api", "/api", ["/api", "/"]),
        ("/api/", "/api", ["/api/", "/"]),
        ("/apix", "/api", ["/apix", "/x"]),
        ("/api//me", "/api", ["/api//me", "//me"]),
        ("/me", "/api", ["/me"]),
        ("/me", "/", ["/me"]),
        ("/x/api/me", "/api", ["/x/api/me", "/me"]),
        ("/xapi/x/me", "/x/", ["/xapi/x/me", "/me", "/api/x/me"]),
        ("/xme", "x", ["/xme", "/me"]),
    ],
)
def test_paths(path: str, root: str, paths: list[str]) -> None:
    """The whole path is used, and also the path without the mount point, because apps may remove it."""
    assert list(request(target=path, root_path=root).paths) == paths
    if root != "/":
        assert list(ASGIRequest({"type": "http", "path": path}, lambda: [root, None]).paths) == paths


def test_paths_below_several_mount_points() -> None:
    """The mount point of a server and that of an app can be different."""
    scope = {"type": "http", "path": "/a/b/me", "root_path": "/a"}
    assert list(ASGIRequest(scope, lambda: ["/a/b"]).paths) == ["/a/b/me", "/b/me", "/me"]


def test_paths_without_a_root() -> None:
    """A server may omit the mount point."""
    assert list(ASGIRequest({"type": "http", "path": "/me"}).paths) == ["/me"]
    assert list(ASGIRequest({"type": "http", "path": "/me", "root_path": None}).paths) == ["/me"]


@pytest.mark.parametrize(
    ("scope", "target"),
    [
        ({"path": "/a b", "raw_path": b"/a%20b", "query_string": b"x=%2F"}, "/a%20b?x=%2F"),
        ({"path": "/a", "raw_path": b"/a?x=1", "query_string": b"x=1"}, "/a?x=1"),
        ({"path": "/a b/ü", "raw_path": None}, "/a%20b/%C3%BC"),
        ({"path": "/a", "query_string": b""}, "/a"),
    ],
)
def test_target(scope: dict[str, Any], target: str) -> None:
    """Path and query are the same as in the request, as far as the server provides them."""
    assert ASGIRequest({"type": "http", **scope}).target == target


def test_values() -> None:
    """Every line of a field is returned, and no field with a similar name."""
    headers = [("X-One", "a"), ("x_one", "spoof"), ("X-One", "b"), ("X-Two", "c")]
    assert ASGIRequest(scope_of("http", "/", headers)).values("x-one") == ["a", "b"]
    assert ASGIRequest(scope_of("http", "/", headers)).values("x-three") == []
