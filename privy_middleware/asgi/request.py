"""An ASGI scope as a request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias
from urllib.parse import quote

from privy_middleware.asgi.types import Scope
from privy_middleware.http.request import FieldNames

__all__ = ["ASGIRequest"]

_Headers: TypeAlias = Sequence[Iterable[bytes]]
_SEQUENCES = (list, tuple)


class ASGIRequest:
    """A request as its scope describes it."""

    __slots__ = ("_headers", "_mounts", "_scope")

    def __init__(self, scope: Scope, mounts: Callable[[], Iterable[str | None]] = tuple) -> None:
        """Create it from a scope of type ``http`` or ``websocket``, which is read when a property is.

        ``mounts`` returns prefixes that the app may remove from the path, besides the scope's own ``root_path``.
        Headers that can be read only once are replaced in the scope by a list, so that the app can still read them.
        """
        self._headers = _headers_of(scope)
        self._scope = scope
        self._mounts = mounts

    @property
    def method(self) -> str:
        """Return the method, ``"WEBSOCKET"`` for a WebSocket handshake."""
        return "WEBSOCKET" if self._scope["type"] == "websocket" else str(self._scope.get("method", "GET"))

    @property
    def scheme(self) -> str:
        """Return the scheme, as the server saw it."""
        return str(self._scope.get("scheme") or "http")

    @property
    def paths(self) -> Sequence[str]:
        """Return the whole path, what is left of it below each mount point, and what Pyramid may put before it.

        Some frameworks route the whole path and some what is below ``root_path``; they differ where the path goes on
        without a slash, and Litestar looks for ``root_path`` anywhere in the path. Daphne lets the client set it.
        Pyramid, which may run in a wrapper, takes the header ``X-Vhm-Root`` of any client for the start of the path.
        """
        path = str(self._scope["path"])
        roots = [root for root in (self._scope.get("root_path"), *self._mounts()) if root]
        parents = [value.decode("latin-1") for key, value in self._headers if key == b"x-vhm-root"]
        if not roots and not parents:
            return (path,)
        starts = [start for root in roots for start in (root, root.rstrip("/")) if start]
        rests = [rest for _, found, rest in map(path.partition, starts) if found]
        below = [f"/{rest.removeprefix('/')}" for rest in rests]
        return tuple(dict.fromkeys((path, *below, *(parent + path for parent in parents))))

    @property
    def target(self) -> str:
        """Return path and query as they were sent."""
        raw_path = self._scope.get("raw_path")
        path = quote(self._scope["path"]) if raw_path is None else raw_path.partition(b"?")[0].decode("latin-1")
        query = (self._scope.get("query_string") or b"").decode("latin-1")
        return f"{path}?{query}" if query else path

    @property
    def route(self) -> str | None:
        """Return the route that Starlette, FastAPI or Litestar has put in the scope."""
        route = getattr(self._scope.get("route"), "path", None) or self._scope.get("path_template")
        return route if isinstance(route, str) and route else None

    @property
    def client(self) -> str | None:
        """Return the address of the client, ``None`` for a Unix socket."""
        client = self._scope.get("client")
        return str(client[0]) if client else None

    @property
    def native(self) -> Scope:
        """Return the scope."""
        return self._scope

    def present(self, names: FieldNames) -> Mapping[str, list[str]]:
        """Return the values of those of the fields that are there, in order, by the name in lower case."""
        found: dict[str, list[str]] = {}
        raw = names.raw
        for key, value in self._headers:
            if key in raw:
                found.setdefault(raw[key], []).append(value.decode("latin-1"))
        return found

    def values(self, name: str) -> list[str]:
        """Return every value of a header field, in order."""
        wanted = name.encode()
        return [value.decode("latin-1") for key, value in self._headers if key == wanted]


def _headers_of(scope: Scope) -> _Headers:
    """Return the headers of a scope, in a form that can be read again; ASGI has them as iterables of iterables."""
    headers = scope.get("headers") or ()
    # A server makes all of them in the same way, so looking at the first is enough.
    if isinstance(headers, _SEQUENCES) and (not headers or isinstance(headers[0], _SEQUENCES)):
        return headers
    kept: _Headers = [(name, value) for name, value in headers]
    scope["headers"] = kept
    return kept
