"""WSGI middleware: the user of every request, in the environ."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from types import GeneratorType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from privy_middleware.errors import PrivyError
from privy_middleware.gate import Gate, Settings, build_gate, check_app
from privy_middleware.http.cache_headers import CacheHeaders, has_content
from privy_middleware.http.loopback import connected_client
from privy_middleware.http.preflight import PREFLIGHT_ANSWER, is_preflight
from privy_middleware.http.request import FieldNames, environ_key
from privy_middleware.lookup import Lookup
from privy_middleware.settings.hints import known_options

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["AUTH_KEY", "PrivyWSGIMiddleware", "USER_KEY", "WSGIRequest"]

USER_KEY = "privy_middleware.user"
AUTH_KEY = "privy_middleware.auth"


class WSGIRequest:
    """A request as its environ describes it (PEP 3333)."""

    __slots__ = ("_environ",)

    def __init__(self, environ: WSGIEnvironment) -> None:
        """Create it from an environ."""
        self._environ = environ

    @property
    def method(self) -> str:
        """Return the method, ``"WEBSOCKET"`` for the handshake of a WebSocket, which is a ``GET`` in WSGI."""
        method = str(self._environ.get("REQUEST_METHOD", "GET"))
        return "WEBSOCKET" if method != "HEAD" and _asks_for_websocket(self._environ) else method

    @property
    def scheme(self) -> str:
        """Return the scheme, as the server saw it."""
        return str(self._environ.get("wsgi.url_scheme", "http"))

    @property
    def paths(self) -> Sequence[str]:
        """Return the path below the mount point, which most WSGI apps route, and the whole path, as CherryPy routes.

        Pyramid takes the header ``X-Vhm-Root`` of any client for a mount point, too.
        """
        path = self._text("PATH_INFO")
        roots = [self._text(key) for key in ("SCRIPT_NAME", "HTTP_X_VHM_ROOT") if self._environ.get(key)]
        return (path, *(root + path for root in roots)) if roots else (path,)

    def _text(self, key: str) -> str:
        """Return a part of the path, whose bytes PEP 3333 has as latin-1; apps differ about what is not UTF-8."""
        try:
            return str(self._environ.get(key, "")).encode("latin-1").decode()
        except UnicodeError:
            return "\ufffd"

    @property
    def target(self) -> str:
        """Return path and query; the path is encoded again, since the server has decoded it."""
        path = str(self._environ.get("SCRIPT_NAME", "")) + str(self._environ.get("PATH_INFO", ""))
        query = str(self._environ.get("QUERY_STRING", ""))
        path = quote(path, encoding="latin-1")
        return f"{path}?{query}" if query else path

    @property
    def route(self) -> str | None:
        """Return ``None``: WSGI has no place for routes."""
        return None

    @property
    def client(self) -> str | None:
        """Return the address of the client, ``None`` if it is not known."""
        return connected_client(self._environ)

    @property
    def native(self) -> WSGIEnvironment:
        """Return the environ."""
        return self._environ

    def present(self, names: FieldNames) -> Mapping[str, list[str]]:
        """Return the values of those of the fields that are there, by the name in lower case."""
        environ = self._environ
        return {name: [environ[key]] for key, name in names.environ.items() if key in environ}

    def values(self, name: str) -> list[str]:
        """Return the value of a header field, in a list; the server has joined repeated ones."""
        value = self._environ.get(environ_key(name))
        return [] if value is None else [value]


def _asks_for_websocket(environ: WSGIEnvironment) -> bool:
    """Return whether a request asks to become a WebSocket (RFC 9110 §7.8), which some apps speak on the bare socket."""
    return "websocket" in str(environ.get("HTTP_UPGRADE", "")).lower()


def _status_line(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"


class PrivyWSGIMiddleware:
    """Verify the token on each request before the app sees it.

    The app finds the user (or ``None``) in ``environ["privy_middleware.user"]`` and the ``PrivyAuth`` in
    ``environ["privy_middleware.auth"]``. A request without a user for a path below ``protect`` does not reach
    the app, and an error that the app raises before its response has begun becomes its documented response.
    """

    @known_options('PrivyWSGIMiddleware(app, {"APP_ID": "…"})')
    def __init__(
        self,
        app: WSGIApplication,
        config: Settings = None,
        *,
        protect: Sequence[str] = (),
        exempt: Sequence[str] = (),
    ) -> None:
        """Wrap an app; ``config`` is a configuration, a dict of settings, a verifier, or by default the environment.

        Raises:
            ConfigurationError: if a setting is wrong.
            KeysUnavailable: with ``fail_fast``, if the keys cannot be fetched.
        """
        check_app(app, "PrivyWSGIMiddleware")
        self.app = app
        self.gate: Gate = build_gate(config, protect=protect, exempt=exempt)
        self.gate.reporter.require_sync()
        self.cache_headers: CacheHeaders[str] = CacheHeaders(self.gate.vary, str, str)
        if self.gate.settings.fail_fast:
            self.gate.ready()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        request = WSGIRequest(environ)
        guarded = self.gate.guards(request)
        if guarded and is_preflight(request):
            start_response(_status_line(PREFLIGHT_ANSWER.status), PREFLIGHT_ANSWER.headers_with_length)
            return []
        # An environ is a plain dict (PEP 3333), so the user cannot be found on first use.
        lookup = Lookup(self.gate, request)
        auth = lookup.find()
        environ[USER_KEY] = auth.user
        environ[AUTH_KEY] = auth
        start = _Start(start_response, self, lookup)
        try:
            if guarded:
                start.looked = True
                auth.require()
            result = self.app(environ, start)
        except PrivyError as error:
            return start.refuse(error)
        except BaseException:
            lookup.report()
            raise
        return _Generated(result, start) if isinstance(result, GeneratorType) else result


class _Start:
    """The server's ``start_response``, which adds caching headers and answers refusals."""

    __slots__ = ("_called", "_lookup", "_middleware", "_start_response", "looked")

    def __init__(self, start_response: StartResponse, middleware: PrivyWSGIMiddleware, lookup: Lookup) -> None:
        self._start_response = start_response
        self._middleware = middleware
        self._lookup = lookup
        self._called = False
        self.looked: bool = False

    def __call__(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None, /
    ) -> Callable[[bytes], object]:
        """Start a response."""
        self._called = True
        code = status[:3]
        if self.looked or not code.isdecimal() or has_content(int(code)):
            headers = self._middleware.cache_headers.add(headers, presented=self._lookup.presented)
        self._lookup.report()
        return self._start_response(status, headers, exc_info) if exc_info else self._start_response(status, headers)

    def report(self) -> None:
        """Report the decision about a request whose response may not have begun."""
        self._lookup.report()

    def refuse(self, error: PrivyError) -> list[bytes]:
        """Answer a refusal, instead of a response that the app has announced but not begun (PEP 3333).

        Raises:
            PrivyError: the error itself, when it is no refusal or the response has begun.
        """
        # With ``exc_info`` the server allows a second start, or raises the error again if headers have been sent.
        exc_info = (type(error), error, error.__traceback__) if self._called else None
        try:
            answer = self._lookup.refuse(error)
        except PrivyError:
            self.report()
            raise
        self.looked = True
        self(_status_line(answer.status), answer.headers_with_length, exc_info)
        return [] if self._lookup.request.method == "HEAD" else [answer.body]


class _Generated:
    """The response of an app that is a generator function, which runs when the response is read."""

    __slots__ = ("_parts", "_start", "close")

    def __init__(self, result: Generator[bytes, Any, Any], start: _Start) -> None:
        self._parts: Iterator[bytes] = result
        self._start = start
        self.close = result.close

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._parts)
        except PrivyError as error:
            self._parts = iter(self._start.refuse(error))
            return next(self._parts)
        except Exception as error:
            if not isinstance(error, StopIteration):
                self._start.report()
            raise
