"""Tokens where Privy's clients put them, and the test clients that are signed in with them.

No framework is imported: a test client is recognised by what it has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from http.cookiejar import CookieJar
from http.cookies import BaseCookie
from inspect import iscoroutinefunction
from typing import Any, Literal, TypeAlias, get_args
from urllib.parse import urlsplit

from privy_middleware.development.personas import Persona
from privy_middleware.development.token_issuer import TokenIssuer
from privy_middleware.errors import ConfigurationError
from privy_middleware.http.credentials import ACCESS_COOKIE, ACCESS_HEADER, IDENTITY_COOKIE, IDENTITY_HEADER
from privy_middleware.http.request import environ_key

__all__ = ["IssuedKind", "sign_in", "sign_out", "token_cookies", "token_headers"]

IssuedKind: TypeAlias = Literal["identity", "access"]

_COOKIES = {"identity": IDENTITY_COOKIE, "access": ACCESS_COOKIE}
_KNOWN = "Flask, Django, Django REST framework, Starlette, FastAPI, Litestar, httpx and httpx2"


def token_headers(
    issuer: TokenIssuer, persona: str | Persona = "ada", *, kind: IssuedKind = "identity", **claims: Any
) -> dict[str, str]:
    """Return the request header with a token of a persona; ``claims`` are arguments of ``issuer.identity_token``.

    Raises:
        ConfigurationError: if there is no persona of that name, or no such kind of token.
    """
    token = _token(issuer, persona, kind, claims)
    return {IDENTITY_HEADER: token} if kind == "identity" else {ACCESS_HEADER: f"Bearer {token}"}


def token_cookies(
    issuer: TokenIssuer, persona: str | Persona = "ada", *, kind: IssuedKind = "identity", **claims: Any
) -> dict[str, str]:
    """Return the cookie with a token of a persona; the arguments are those of ``token_headers``.

    Raises:
        ConfigurationError: if there is no persona of that name, or no such kind of token.
    """
    token = _token(issuer, persona, kind, claims)
    return {_COOKIES[kind]: token}


def sign_in(
    issuer: TokenIssuer,
    client: Any,
    persona: str | Persona = "ada",
    *,
    kind: IssuedKind = "identity",
    header: bool = False,
    **claims: Any,
) -> None:
    """Make a test client send a token of a persona with every request, instead of the token of an earlier call.

    Args:
        issuer: the issuer of the token.
        client: a test client of Flask, Django, Django REST framework, Starlette, FastAPI or Litestar, a client of
            httpx or httpx2, or Werkzeug's client of a WSGI app.
        persona: the user.
        kind: the kind of token.
        header: whether the token is sent in a header, as apps on a phone do, and not in a cookie.
        claims: arguments of ``issuer.identity_token``.

    Raises:
        ConfigurationError: if there is no persona of that name, no such kind of token, or the client is not known.
    """
    if header:
        _controls_of(client).send_headers(token_headers(issuer, persona, kind=kind, **claims))
    else:
        _controls_of(client).send_cookies(token_cookies(issuer, persona, kind=kind, **claims))


def sign_out(client: Any) -> None:
    """Remove the cookies and headers of ``sign_in`` from a test client.

    Raises:
        ConfigurationError: if the client is not known.
    """
    _controls_of(client).clear()


def _token(issuer: TokenIssuer, persona: str | Persona, kind: IssuedKind, claims: dict[str, Any]) -> str:
    if kind not in get_args(IssuedKind):
        raise ConfigurationError("kind", 'give "identity" or "access"')
    return (issuer.identity_token if kind == "identity" else issuer.access_token)(persona, **claims)


@dataclass(frozen=True, slots=True)
class _Controls:
    """The cookies and the headers that a client sends with every request.

    Attributes:
        set_cookie: sets a cookie.
        delete_cookie: deletes a cookie if there is one.
        headers: the headers, ``None`` if the client has none.
        header_key: returns the key of a header in ``headers``.
    """

    set_cookie: Callable[[str, str], object]
    delete_cookie: Callable[[str], object]
    headers: MutableMapping[str, Any] | None
    header_key: Callable[[str], str]

    def send_headers(self, headers: Mapping[str, str]) -> None:
        if self.headers is None:
            raise ConfigurationError("header", "this client has no headers of its own; send them with each request")
        self.clear()
        self.headers.update({self.header_key(name): value for name, value in headers.items()})

    def send_cookies(self, cookies: Mapping[str, str]) -> None:
        self.clear()
        for name, value in cookies.items():
            self.set_cookie(name, value)

    def clear(self) -> None:
        for cookie in _COOKIES.values():
            self.delete_cookie(cookie)
        if self.headers is not None:
            self.headers.pop(self.header_key(IDENTITY_HEADER), None)
            # Other schemes, such as Basic, are the test's own.
            if str(self.headers.get(self.header_key(ACCESS_HEADER), "")).startswith("Bearer "):
                del self.headers[self.header_key(ACCESS_HEADER)]


def _controls_of(client: Any) -> _Controls:
    cookies = getattr(client, "cookies", None)
    if isinstance(cookies, BaseCookie) and isinstance(getattr(client, "defaults", None), dict):
        return _of_django(client)
    if isinstance(getattr(cookies, "jar", None), CookieJar):
        return _of_httpx(client)
    # Quart's client has the first two as well, with other arguments.
    if all(hasattr(client, name) for name in ("set_cookie", "delete_cookie", "get_cookie")):
        return _of_werkzeug(client)
    raise ConfigurationError(
        "client",
        f"{type(client).__module__}.{type(client).__qualname__} is not a known test client; the known ones are those "
        f"of {_KNOWN}. With other clients, send the headers or cookies of privy_headers() or privy_cookies()",
    )


def _of_django(client: Any) -> _Controls:
    return _Controls(
        set_cookie=client.cookies.__setitem__,
        delete_cookie=lambda name: client.cookies.pop(name, None),
        headers=client.defaults,
        # The defaults of AsyncClient are headers; those of Client are keys of the WSGI environ.
        header_key=str.lower if iscoroutinefunction(client.request) else environ_key,
    )


def _of_httpx(client: Any) -> _Controls:
    # The domain of a cookie that a response sets, so that the app can delete the cookie, and no other host gets it.
    domain = _effective_host(client.base_url.host)
    return _Controls(
        set_cookie=lambda name, value: client.cookies.set(name, value, domain=domain, path="/"),
        delete_cookie=client.cookies.delete,
        headers=client.headers,
        header_key=str.lower,
    )


def _effective_host(host: str) -> str:
    """Return a host as cookie jars have it (RFC 2965 §1), empty if there is none."""
    host = f"[{host}]" if ":" in host else host
    return host if not host or "." in host else f"{host}.local"


def _of_werkzeug(client: Any) -> _Controls:
    # Only the client of Flask has an environ of its own, and an app with a configured host name.
    environ = getattr(client, "environ_base", None)
    server = None if environ is None else client.application.config.get("SERVER_NAME")
    domain = urlsplit(f"//{server or ''}").hostname or "localhost"
    return _Controls(
        set_cookie=lambda name, value: client.set_cookie(name, value, domain=domain),
        delete_cookie=lambda name: client.delete_cookie(name, domain=domain),
        headers=environ,
        header_key=environ_key,
    )
