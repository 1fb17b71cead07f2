"""The parameters of a Starlette or FastAPI request, for the conditions that look at them.

``privy_middleware.plugin`` decides which value counts. The endpoint can read the body afterwards in every way
that it could have read it before.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from anyio import from_thread
from starlette.requests import HTTPConnection, Request

from privy_middleware import PrivyAuth, PrivyError, PrivyUser
from privy_middleware.asgi import BufferedReceive, request_parts
from privy_middleware.plugin import LARGEST_BODY, Pairs, Parameters, RequestParts, Rule, aread_parameters

__all__ = ["acheck", "check"]

_T = TypeVar("_T")


async def acheck(connection: HTTPConnection, rule: Rule, auth: PrivyAuth) -> PrivyUser | None:
    """Return the user whom a rule accepts.

    Raises:
        PrivyError: the refusal.
    """
    try:
        return await rule.acheck(auth, partial(_in_request, connection))
    except PrivyError:
        await _close(connection)
        raise


def check(connection: HTTPConnection, rule: Rule, auth: PrivyAuth) -> PrivyUser | None:
    """Return what ``acheck`` does, for an endpoint that Starlette runs in a thread; elsewhere no parameter is read."""
    try:
        return rule.check(auth, partial(_in_request_from_thread, connection))
    except PrivyError:
        if rule.parameters:
            _from_thread(_close, connection)
        raise


def _in_request_from_thread(connection: HTTPConnection, names: frozenset[str]) -> Parameters:
    # Without the event loop the body cannot be read, and might say something else than the path and the query.
    return _from_thread(_in_request, connection, names) or {}


async def _in_request(connection: HTTPConnection, names: frozenset[str]) -> Parameters:
    return await aread_parameters(names, partial(_parts, connection))


async def _close(connection: HTTPConnection) -> None:
    """Close the files of a form that no endpoint will read."""
    if isinstance(connection, Request):
        await connection.close()


def _from_thread(function: Callable[..., Coroutine[Any, Any, _T]], *args: object) -> _T | None:
    """Return what a coroutine function returns on the event loop of this thread, ``None`` if there is none."""
    try:
        return from_thread.run(function, *args)
    except RuntimeError:
        return None


async def _parts(connection: HTTPConnection) -> RequestParts:
    body, form = await _body(connection) if isinstance(connection, Request) else (b"", ())
    return request_parts(connection.scope, connection.query_params.multi_items(), body, form)


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
    messages = BufferedReceive(request.receive)
    request._receive = messages
    return await messages.read(LARGEST_BODY)
