"""The abstract client that sends the same requests to an app in every framework."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Answer:
    """An HTTP response, with its headers in order and their names in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the values of a header joined, or ``None``."""
        values = [value for key, value in self.headers if key == name]
        return ", ".join(values) if values else None

    def json(self) -> Any:
        """Return the decoded body."""
        return json.loads(self.body)


@dataclass(frozen=True)
class SocketAnswer:
    """The result of a WebSocket: its first message and echo, or the response that rejected it."""

    accepted: bool
    first: Any = None
    echo: str | None = None
    close_code: int | None = None
    denial: Answer | None = None


def unambiguous(path: str) -> str:
    """Return a path for a test client that would parse two leading slashes as a host."""
    return f"http://localhost{path}" if path.startswith("//") else path


class Client:
    """A client that sends requests to an app with the framework's own test client."""

    websockets: ClassVar[bool] = False

    def request(self, method: str, path: str, headers: Headers = (), body: bytes = b"") -> Answer:
        """Send a request with possibly repeated headers, and return the response."""
        raise NotImplementedError

    def websocket(self, path: str, headers: Headers = ()) -> SocketAnswer:
        """Open a WebSocket, read the first message, echo ``"ping"``, and close it."""
        raise NotImplementedError

    def close(self) -> None:
        """Release the resources of the client."""
