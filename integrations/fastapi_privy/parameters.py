"""The parameters of a Starlette or FastAPI request, for conditions that use them.

``privy_middleware.plugin`` decides which values are used. Afterwards the endpoint can still read the body in every way.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from anyio import from_thread
from starlette.requests import HTTPConnection, Request

from privy_middleware import PrivyAuth, PrivyError, PrivyUser
from privy_middleware.asgi import BufferedReceive, remember, request_parts
from privy_middleware.plugin import LARGEST_BODY, Pairs, Parameters, RequestParts, Rule, aread_parameters

__all__ = ["acheck", "check"]

_T = TypeVar("_T")


async def acheck(connection: HTTPConnection, rule: Rule, auth: PrivyAuth) -> PrivyUser | None:
    """Apply a rule to a request and return the user.

    Raises:
        PrivyError: if the rule rejects the request.
    """
    try:
        return await rule.acheck(auth, partial(_in_request, connection))
    except PrivyError as error:
        remember(connection.scope, error)
        await _close(connection)
        raise


def check(connection: HTTPConnection, rule: Rule, auth: PrivyAuth) -> PrivyUser | None:
    """Return the same as ``acheck``, for an endpoint that Starlette runs in a thread.

    In code that does not run in a thread of the event loop, the parameters cannot be read and count as missing.

    Raises:
        PrivyError: if the rule rejects the request.
    """
    try:
        return rule.check(auth, partial(_in_request_from_thread, connection))
    except PrivyError as error:
        remember(connection.scope, error)
        if rule.parameters:
            _from_thread(_close, connection)
        raise


def _in_request_from_thread(connection: HTTPConnection, names: frozenset[str]) -> Parameters:
    # Without the event loop the body cannot be read. It could contain other values than the path and the query.
    return _from_thread(_in_request, connection, names) or {}


async def _in_request(connection: HTTPConnection, names: frozenset[str]) -> Parameters:
    return await aread_parameters(names, partial(_parts, connection))


async def _close(connection: HTTPConnection) -> None:
    """Close the files of a form if the endpoint will not run."""
    if isinstance(connection, Request):
        await connection.close()


def _from_thread(function: Callable[..., Coroutine[Any, Any, _T]], *args: object) -> _T | None:
    """Run a coroutine function on the event loop of this thread and return its result; ``None`` if there is no loop."""
    try:
        return from_thread.run(function, *args)
    except RuntimeError:
        return None


async def _parts(connection: HTTPConnection) -> RequestParts:
    body, form = await _body(connection) if isinstance(connection, Request) else (b"", ())
    return request_parts(connection.scope, connection.query_params.multi_items(), body, form)


async def _body(request: Request) -> tuple[bytes | None, Pairs]:
    """Return the body, or ``None`` if it cannot be read, and the form if it has been parsed."""
    body = await _content(request)
    if body is None and not request._stream_consumed and _is_multipart(request):
        # Starlette stores large files on disk. Afterwards the body can be read only as a form.
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
