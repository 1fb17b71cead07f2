"""The parameters of a Starlette or FastAPI request, for the conditions that look at them.

``privy_middleware.http.parameters`` decides which value counts. The endpoint can read the body afterwards in every way
that it could have read it before.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from typing import TypeVar

from anyio import from_thread
from starlette.requests import HTTPConnection, Request

from privy_middleware import PrivyError
from privy_middleware.asgi import Message, Receive
from privy_middleware.conditions import Parameters
from privy_middleware.http.parameters import LARGEST_BODY, Pairs, RequestParts, agreed

__all__ = ["check_in_thread", "check_with"]

_T = TypeVar("_T")


async def check_with(connection: HTTPConnection, names: Collection[str], check: Callable[[Parameters], _T]) -> _T:
    """Return what the check returns for those of the parameters that have one value in the request."""
    given = await _in_request(connection, names)
    try:
        return check(given)
    except PrivyError:
        await _close(connection)
        raise


def check_in_thread(connection: HTTPConnection, names: Collection[str], check: Callable[[Parameters], _T]) -> _T:
    """Return what ``check_with`` does, for an endpoint that Starlette runs in a thread; elsewhere all are missing."""
    try:
        given = from_thread.run(_in_request, connection, names) if names else {}
    except RuntimeError:
        # Without the event loop the body cannot be read, and might say something else than the path and the query.
        return check({})
    try:
        return check(given)
    except PrivyError:
        if names:
            from_thread.run(_close, connection)
        raise


async def _in_request(connection: HTTPConnection, names: Collection[str]) -> dict[str, object]:
    if not names:
        return {}
    try:
        return agreed(names, await _parts(connection))
    except Exception:
        # Limits, disconnected clients and parsers each have exceptions of their own.
        return {}


async def _close(connection: HTTPConnection) -> None:
    """Close the files of a form that no endpoint will read."""
    if isinstance(connection, Request):
        await connection.close()


async def _parts(connection: HTTPConnection) -> RequestParts:
    body, form = await _body(connection) if isinstance(connection, Request) else (b"", ())
    return RequestParts(
        path=connection.path_params,
        query_string=connection.scope["query_string"],
        query=connection.query_params.multi_items(),
        body=body,
        form=form,
        content_types=connection.headers.getlist("content-type"),
        content_encodings=connection.headers.getlist("content-encoding"),
    )


async def _body(request: Request) -> tuple[bytes | None, Pairs]:
    """Return the body, ``None`` if it cannot be read, and the form that has been read from it."""
    body = await _content(request)
    if body is None and not request._stream_consumed and _is_multipart(request):
        # Starlette puts large files on the disk, and can read the body in no other way afterwards.
        await request.form()
    form = [] if request._form is None else request._form.multi_items()
    used_up = request._stream_consumed and (form or request.headers.get("content-length") == "0")
    return (b"" if body is None and used_up else body), form


def _is_multipart(request: Request) -> bool:
    return request.headers.get("content-type", "").lower().startswith("multipart/form-data")


async def _content(request: Request) -> bytes | None:
    if hasattr(request, "_body"):
        return await request.body()
    length = request.headers.get("content-length", "")
    if request._stream_consumed or (length.isdecimal() and int(length) > LARGEST_BODY):
        return None
    messages = _Messages(request.receive)
    request._receive = messages
    return await messages.read()


class _Messages:
    """Receive the messages of a body for ourselves first, and then once more for the endpoint."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._read: deque[Message] = deque()

    async def __call__(self) -> Message:
        return self._read.popleft() if self._read else await self._receive()

    async def read(self) -> bytes | None:
        body = bytearray()
        more = True
        while more and len(body) <= LARGEST_BODY:
            message = await self._receive()
            self._read.append(message)
            if message["type"] != "http.request":
                return None
            body += message.get("body", b"")
            more = message.get("more_body", False)
        return None if len(body) > LARGEST_BODY else bytes(body)
