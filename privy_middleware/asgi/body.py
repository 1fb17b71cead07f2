"""The body of a request, read ahead of the app."""

from __future__ import annotations

from collections import deque

from privy_middleware.asgi.request import ASGIRequest
from privy_middleware.asgi.types import Message, Receive, Scope
from privy_middleware.http.parameters import Pairs, RequestParts

__all__ = ["BufferedReceive", "request_parts"]


class BufferedReceive:
    """Receive the messages of a body ahead of the app, which receives them all again."""

    def __init__(self, receive: Receive) -> None:
        """Take the callable that receives messages; the app must be given this object in its place."""
        self._receive = receive
        self._read: deque[Message] = deque()

    async def __call__(self) -> Message:
        """Return the next message: those that were read ahead come first."""
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
    """Return everything of a request that a handler may read a parameter from.

    The scope has its path parameters, as routers leave them; the other arguments are those of ``RequestParts``.
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
