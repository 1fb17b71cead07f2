"""Django's request in the form that the core needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from django.core.handlers.asgi import ASGIRequest as DjangoASGIRequest
from django.http import HttpRequest

from privy_middleware.asgi import ASGIRequest, Scope
from privy_middleware.plugin import FieldNames
from privy_middleware.wsgi import WSGIRequest

__all__ = ["DjangoRequest", "is_asgi"]


class DjangoRequest:
    """A Django request for the gate: the method, headers and cookies from the server, the rest from Django."""

    __slots__ = ("_raw", "_request")

    def __init__(self, request: HttpRequest) -> None:
        """Create it from a request, WSGI or ASGI."""
        self._request = request
        self._raw: ASGIRequest | WSGIRequest = _raw_of(request)

    @property
    def method(self) -> str:
        """Return the method that the client sent, even if a middleware changed it."""
        return self._raw.method

    @property
    def scheme(self) -> str:
        """Return the scheme, for which Django also uses ``SECURE_PROXY_SSL_HEADER``."""
        return str(self._request.scheme)

    @property
    def paths(self) -> tuple[str]:
        """Return the path that Django looks up in the URLconf."""
        return (self._request.path_info,)

    @property
    def target(self) -> str:
        """Return path and query, percent-encoded."""
        return self._request.get_full_path()

    @property
    def route(self) -> str | None:
        """Return the route of the URLconf, such as ``users/<int:id>/``, if Django has resolved it."""
        match = self._request.resolver_match
        return None if match is None else f"/{match.route.removeprefix('/')}"

    @property
    def client(self) -> str | None:
        """Return the address of the client, ``None`` if it is not known."""
        return self._raw.client

    @property
    def native(self) -> HttpRequest:
        """Return Django's request."""
        return self._request

    def present(self, names: FieldNames) -> Mapping[str, list[str]]:
        """Return the values of the given fields that are present, by their name in lower case."""
        return self._raw.present(names)

    def values(self, name: str) -> list[str]:
        """Return every value of a header field, in order."""
        return self._raw.values(name)


def _raw_of(request: HttpRequest) -> ASGIRequest | WSGIRequest:
    if isinstance(request, DjangoASGIRequest) and isinstance(request.scope.get("headers", ()), list | tuple):
        return ASGIRequest(cast("Scope", request.scope))
    # Django may already have read the headers, and an iterator can be read only once.
    return WSGIRequest(request.META)


def is_asgi(request: HttpRequest) -> bool:
    """Return whether the request is an ASGI request, whose view may run on the event loop."""
    return isinstance(request, DjangoASGIRequest)
