"""Requests to the development issuer and its responses, and which requests are refused."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from privy_middleware.development.hosts import LOOPBACK_HOST, PORT
from privy_middleware.http.cookies import CookieNames
from privy_middleware.http.cross_site import is_cross_site, is_unsafe
from privy_middleware.http.loopback import is_loopback
from privy_middleware.http.request import FieldNames

__all__ = [
    "Refused",
    "WebRequest",
    "WebResponse",
    "check_origin",
    "html_response",
    "json_response",
    "see_other",
    "text_response",
]

_OWN_HOST = re.compile(rf"{LOOPBACK_HOST}(?::{PORT})?", re.IGNORECASE)
_FORM = "application/x-www-form-urlencoded"
_FIELDS = 50


class Refused(Exception):
    """A request is refused; the message says why, for a person."""

    def __init__(self, status: HTTPStatus, message: str, headers: Sequence[tuple[str, str]] = ()) -> None:
        """Set the status of the response and its text."""
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers: tuple[tuple[str, str], ...] = tuple(headers)


@dataclass(frozen=True)
class WebRequest:
    """A request, as the modules for authentication need it.

    Attributes:
        method: the method.
        target: path and query, percent-encoded.
        fields: the header fields.
        client: the address of the client.
        body: the body.
    """

    method: str
    target: str
    fields: Sequence[tuple[str, str]]
    client: str | None
    body: bytes = b""
    scheme: str = "http"
    route: str | None = None
    native: object = None

    def values(self, name: str) -> list[str]:
        """Return every value of the field ``name`` (lower case), in order."""
        return [value.strip() for key, value in self.fields if key.lower() == name]

    def present(self, names: FieldNames) -> Mapping[str, list[str]]:
        """Return the values of those of the fields that are there."""
        found = {name: self.values(name) for name in names.raw.values()}
        return {name: values for name, values in found.items() if values}

    @property
    def paths(self) -> Sequence[str]:
        """Return the path."""
        return (self.path,)

    @property
    def path(self) -> str:
        """Return the path, percent-encoded."""
        return self.target.partition("?")[0]

    @property
    def host(self) -> str:
        """Return the host and port by which the client calls this server."""
        return self.values("host")[0].lower()

    @property
    def url(self) -> str:
        """Return the address of this server, without a path, as the client spells it."""
        return f"http://{self.host}"

    @property
    def name(self) -> str:
        """Return the host name, without a port, by which the client calls this server."""
        return urlsplit(self.url).hostname or ""

    @property
    def wants_html(self) -> bool:
        """Return whether the client is a browser that shows a page."""
        return any("text/html" in value for value in self.values("accept"))

    @cached_property
    def query(self) -> Mapping[str, str]:
        """Return the parameters of the query; of a repeated one the last counts."""
        return _parameters(self.target.partition("?")[2])

    @cached_property
    def form(self) -> Mapping[str, str]:
        """Return the fields of the submitted form.

        Raises:
            Refused: if the body is not a form.
        """
        types = [value.partition(";")[0].strip().lower() for value in self.values("content-type")]
        if types != [_FORM]:
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Send the fields of a form as {_FORM}.")
        return _parameters(self.body)

    def cookie(self, name: str) -> str | None:
        """Return the value of a cookie, ``None`` if there is none or several different ones."""
        values = set(CookieNames(name).values(self.values("cookie")).get(name, ()))
        return values.pop() if len(values) == 1 else None


def _parameters(text: str | bytes) -> dict[str, str]:
    try:
        decoded = text if isinstance(text, str) else text.decode("ascii")
        parsed = parse_qs(decoded, keep_blank_values=True, errors="strict", max_num_fields=_FIELDS)
    except ValueError:
        raise Refused(HTTPStatus.BAD_REQUEST, "The parameters of the request cannot be read.") from None
    return {name: values[-1].replace("\r\n", "\n") for name, values in parsed.items()}


@dataclass(frozen=True)
class WebResponse:
    """A response; the server adds the headers that all responses have.

    Attributes:
        status: the status.
        content_type: the type of the body.
        body: the body.
        headers: other headers, such as cookies.
        cache_control: who may store it.
    """

    status: HTTPStatus
    content_type: str
    body: bytes
    headers: Sequence[tuple[str, str]] = ()
    cache_control: str = "no-store"


def text_response(
    text: str, status: HTTPStatus = HTTPStatus.OK, headers: Sequence[tuple[str, str]] = ()
) -> WebResponse:
    """Return a response in plain text."""
    return WebResponse(status, "text/plain; charset=utf-8", text.encode(), headers)


def json_response(value: Any, status: HTTPStatus = HTTPStatus.OK, *, cache_control: str = "no-store") -> WebResponse:
    """Return a response in JSON."""
    text = json.dumps(value, separators=(",", ":"))
    return WebResponse(status, "application/json", text.encode(), cache_control=cache_control)


def html_response(
    page: str, status: HTTPStatus = HTTPStatus.OK, headers: Sequence[tuple[str, str]] = ()
) -> WebResponse:
    """Return a page."""
    return WebResponse(status, "text/html; charset=utf-8", page.encode(), headers)


def see_other(location: str, headers: Sequence[tuple[str, str]] = ()) -> WebResponse:
    """Return a redirect to a page, as the response to a form (RFC 9110 §15.4.4)."""
    return WebResponse(HTTPStatus.SEE_OTHER, "text/plain; charset=utf-8", b"", (("Location", location), *headers))


def check_origin(request: WebRequest) -> None:
    """Check that a request comes from this machine, and not from another site in its browser.

    - ``Host`` is a loopback name: in DNS rebinding it is the name of the attacker's site.
    - No proxy has added a header: it would make this server reachable for others.
    - A browser does not say that another site sends the request, unless a person follows a link to a page.
    - A request that changes something is a ``POST`` that says that it comes from a page of this server.

    Raises:
        Refused: if it does not.
    """
    hosts = request.values("host")
    if len(hosts) != 1 or not _OWN_HOST.fullmatch(hosts[0]) or not is_loopback(request):
        raise Refused(HTTPStatus.FORBIDDEN, "Loopback hosts only")
    if is_unsafe(request.method):
        if not _is_named(request) or is_cross_site(request, ()):
            problem = "Only the pages of this server may change something here. "
            raise Refused(HTTPStatus.FORBIDDEN, problem + f"From a terminal, send the header Origin: {request.url}")
    elif is_cross_site(request, ()) and not _is_visit(request):
        raise Refused(HTTPStatus.FORBIDDEN, "Other sites may not read this.")


def _is_named(request: WebRequest) -> bool:
    """Return whether a request says where it comes from, as a browser does for a ``POST``, or calls the REST API."""
    api = request.path.startswith("/v1/") and request.values("authorization")
    return bool(request.values("origin") or request.values("sec-fetch-site") or api)


def _is_visit(request: WebRequest) -> bool:
    """Return whether a person opens a page in a tab (W3C Fetch Metadata §2.1, §2.2)."""
    return request.values("sec-fetch-mode") == ["navigate"] and request.values("sec-fetch-dest") == ["document"]
