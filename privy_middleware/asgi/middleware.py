"""ASGI middleware: the user of every HTTP request and WebSocket, in ``scope["state"]``."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import quote

from privy_middleware.asgi.expiry import Expiry, OnExpired, check_on_expired
from privy_middleware.asgi.startup import fails_startup
from privy_middleware.asgi.state import RequestState
from privy_middleware.auth import PrivyAuth
from privy_middleware.errors import PrivyError
from privy_middleware.gate import PREFLIGHT_HEADERS, PREFLIGHT_STATUS, Gate, Settings, build_gate, is_preflight
from privy_middleware.http.cache_headers import CacheHeaders, has_content
from privy_middleware.http.credentials import FieldNames
from privy_middleware.lookup import Lookup

__all__ = ["ASGIApp", "ASGIRequest", "Message", "PrivyMiddleware", "Receive", "Scope", "Send", "auth_in"]

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
ASGIApp: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
_Headers: TypeAlias = Sequence[Iterable[bytes]]

_STATE_KEY = "privy_middleware.state"
_DENIAL = "websocket.http.response"
_STARTS = frozenset({"http.response.start", f"{_DENIAL}.start"})
_HANDSHAKES = frozenset({"websocket.accept", "websocket.close"})
_SEQUENCES = (list, tuple)


class ASGIRequest:
    """A request as the server's raw scope tells it."""

    __slots__ = ("_headers", "_mounts", "_scope")

    def __init__(self, scope: Scope, mounts: Callable[[], Iterable[str | None]] = tuple) -> None:
        """Take a scope of type ``http`` or ``websocket``, which is read as it is when a property is asked for.

        ``mounts`` returns prefixes that the app may remove from the path, beside the scope's own ``root_path``. Headers
        that can be read only once are replaced in the scope by a list, so that the app can still read them.
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

        Frameworks differ in whether they route the whole path or what is below ``root_path``, in what that means where
        the path goes on without a slash, and Litestar looks for ``root_path`` anywhere in the path. And Daphne lets the
        client set it. Pyramid, which may run in a wrapper, takes the header ``X-Vhm-Root`` of any client for the start
        of the path.
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
    # A server makes all of them in one way, so the first one tells about the others.
    if isinstance(headers, _SEQUENCES) and (not headers or isinstance(headers[0], _SEQUENCES)):
        return headers
    kept: _Headers = [(name, value) for name, value in headers]
    scope["headers"] = kept
    return kept


def auth_in(scope: Scope) -> PrivyAuth | None:
    """Return what the middleware left in a scope, ``None`` without it; the response then counts as depending on it."""
    state: RequestState | None = scope.get(_STATE_KEY)
    if state is not None:
        state.looked = True
    auth = (scope.get("state") or {}).get("privy_auth")
    return auth if isinstance(auth, PrivyAuth) else None


def _encode_name(text: str) -> bytes:
    return text.encode("latin-1")


def _decode(value: bytes) -> str:
    return value.decode("latin-1")


class PrivyMiddleware:
    """Verify the token on each request before the app sees it (ASGI 3).

    The app finds ``privy_user`` (a user or ``None``) and ``privy_auth`` in ``scope["state"]``, which is
    ``request.state`` in Starlette. Paths below ``protect`` are answered here when there is no user, and refusals that
    the app raises (``privy_auth.require(...)``) become their documented answers.
    """

    @fails_startup
    def __init__(
        self,
        app: ASGIApp,
        config: Settings = None,
        *,
        protect: Sequence[str] = (),
        exempt: Sequence[str] = (),
        close_expired: bool = False,
        on_expired: OnExpired | None = None,
        root_path: str | None = None,
    ) -> None:
        """Take an app, and a configuration, a mapping, a verifier, or nothing for the environment's settings.

        With ``close_expired`` an accepted WebSocket is closed (1008), and a stream of server-sent events ended, when
        the token expires; ``on_expired``, a function or a coroutine function, is then called with the scope.
        ``root_path`` is a prefix that the app removes from paths before it routes them; the ``root_path`` of the
        request and that of a FastAPI app are known without it.

        Raises:
            ConfigurationError: when a setting is wrong. An app that builds its middleware only when a server starts it
                fails the start instead.
        """
        check_on_expired(on_expired, close_expired=close_expired)
        self.app = app
        self.gate: Gate = build_gate(config, protect=protect, exempt=exempt)
        self._cache_headers = CacheHeaders(self.gate.vary, _encode_name, _decode)
        self._close_expired = close_expired
        self._on_expired = on_expired
        self._root_path = root_path
        self._mounted = tuple(_with_root_path(app))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection; scopes of other types pass through."""
        if scope["type"] not in ("http", "websocket"):
            await (self._live(scope, receive, send) if scope["type"] == "lifespan" else self.app(scope, receive, send))
            return
        request = ASGIRequest(scope, self._mounts)
        guarded = self.gate.guards(request)
        if guarded and is_preflight(request):
            await _answer_preflight(send)
            return
        lookup = Lookup(self.gate, request)
        # An entry of a plain dict cannot wait until the app looks, so every token is verified here.
        auth = lookup.known() or await lookup.afind()
        state = RequestState(scope.get("state"), auth)
        # The scope itself is not copied, since middleware outside reads from it what routers leave there.
        scope["state"] = state.own
        scope[_STATE_KEY] = state
        response = _Response(send, self._cache_headers, auth, state)
        try:
            if guarded:
                state.looked = True
                auth.require()
            if self._close_expired and auth.expires_at is not None:
                seconds = auth.expires_at + self.gate.settings.leeway - time.time()
                await Expiry(scope, receive, response.send, seconds, self._on_expired).run(self.app)
            else:
                await self.app(scope, receive, response.send)
        except PrivyError as error:
            if error.status == PrivyError.status or (response.begun and not response.accepted):
                raise
            # The traceback would keep frames, and with them the token, alive where the refusal is kept.
            error.without_traces()
            if response.accepted:
                await send(_close(error))
            else:
                state.looked = True
                await self.refuse(error, scope, receive, response.send)
        finally:
            state.pass_on()

    def _mounts(self) -> list[str | None]:
        # Asked for at every request: an app may set its attribute after the middleware is there.
        return [self._root_path, *(app.root_path for app in self._mounted)]

    async def refuse(self, error: PrivyError, scope: Scope, _receive: Receive, send: Send, /) -> None:
        """Answer with a refusal; a subclass may answer in the way of its framework."""
        await _refuse(error, scope, send)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def ready_first() -> Message:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self._start(send)
            return message

        await self.app(scope, ready_first, send)

    async def _start(self, send: Send) -> None:
        try:
            await self.gate.aready()
        except Exception as error:
            # Raised alone, it would tell the server that the app has no lifespan, and nothing else.
            await send({"type": "lifespan.startup.failed", "message": f"privy_middleware: {error}"})
            raise


class _Response:
    """The messages of one response: adds what caches must know, and remembers whether it has begun."""

    __slots__ = ("_auth", "_cache_headers", "_send", "_state", "accepted", "begun")

    def __init__(self, send: Send, cache_headers: CacheHeaders[bytes], auth: PrivyAuth, state: RequestState) -> None:
        self._send = send
        self._cache_headers = cache_headers
        self._auth = auth
        self._state = state
        self.begun = False
        self.accepted = False

    # Code that tells sync from async, such as asgiref's, must find a coroutine function here.
    async def send(self, message: Message) -> None:
        """Pass a message of the app on, with the caching headers on the first of a response."""
        if not self.begun or self.accepted:
            message = self._begin(message)
        await self._send(message)

    def _begin(self, message: Message) -> Message:
        kind = message["type"]
        if kind in _STARTS:
            return self._start(message)
        if kind in _HANDSHAKES:
            self.begun = True
            self.accepted = kind == "websocket.accept"
            self._state.pass_on()
        return message

    def _start(self, message: Message) -> Message:
        status = message["status"]
        if status < 200:
            # An interim response, which another one follows (RFC 9110 §15.2).
            return message
        self.begun = True
        self._state.pass_on()
        if not self._state.looked and not has_content(status):
            return message
        # An iterable that may be good for a single reading, which this is.
        headers = self._cache_headers.add(message.get("headers") or (), presented=self._auth.presented)
        return {**message, "headers": headers}


def _close(error: PrivyError) -> Message:
    return {"type": "websocket.close", "code": error.close_code, "reason": error.message}


def _with_root_path(app: Any) -> Iterator[Any]:
    """Yield the apps, this one or those inside it, that set the ``root_path`` of a request, as FastAPI's do."""
    seen: set[int] = set()
    while app is not None and id(app) not in seen:
        seen.add(id(app))
        if hasattr(app, "root_path"):
            yield app
        app = getattr(app, "app", None)


async def _answer_preflight(send: Send) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in PREFLIGHT_HEADERS]
    await send({"type": "http.response.start", "status": PREFLIGHT_STATUS, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _refuse(error: PrivyError, scope: Scope, send: Send) -> None:
    prefix = ""
    if scope["type"] == "websocket":
        if _DENIAL not in (scope.get("extensions") or ()):
            await send(_close(error))
            return
        prefix = "websocket."
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in error.headers]
    headers.append((b"content-length", str(len(error.body)).encode()))
    await send({"type": f"{prefix}http.response.start", "status": error.status, "headers": headers})
    await send({"type": f"{prefix}http.response.body", "body": error.body})
