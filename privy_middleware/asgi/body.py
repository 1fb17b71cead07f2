"""The body of a request, read before the app reads it."""

from __future__ import annotations

from collections import deque

from privy_middleware.asgi.request import ASGIRequest
from privy_middleware.asgi.types import Message, Receive, Scope
from privy_middleware.http.parameters import Pairs, RequestParts

__all__ = ["BufferedReceive", "request_parts"]


class BufferedReceive:
    """Receive the messages of a body before the app, which receives all of them again."""

    def __init__(self, receive: Receive) -> None:
        """Wrap the callable that receives messages; the app must use this object instead."""
        self._receive = receive
        self._read: deque[Message] = deque()

    async def __call__(self) -> Message:
        """Return the next message, first those that were read before."""
        return self._read.popleft() if self._read else await self._receive()

    async def read(self, limit: int) -> bytes | None:
        """Return the body, ``None`` if it has more than ``limit`` bytes or the client disconnects before its end."""
        body = bytearray()
        more = True
        while more and len(body) <= limit:
            message = await self._receive()
            self._read.append(message)
            if message["type"] != "http.request":
                return None
            body += message.get("body", b"")
            more = message.get("more_body", False)
        return None if len(body) > limit else bytes(body)


def request_parts(scope: Scope, query: Pairs, body: bytes | None = b"", form: Pairs = ()) -> RequestParts:
    """Return the parts of a request that a handler may read a parameter from.

    The path parameters are those that a router has left in the scope; the rest is as in ``RequestParts``.
    """
    request = ASGIRequest(scope)
    return RequestParts(
        path=scope.get("path_params") or {},
        query_string=scope.get("query_string") or b"",
        query=query,
        body=body,
        form=form,
        content_types=request.values("content-type"),
        content_encodings=request.values("content-encoding"),
    )
