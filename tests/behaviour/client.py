"""The abstract client that drives every framework through the same requests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Answer:
    """One HTTP answer, headers in order and with lower-case names."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the header's values joined, or ``None``."""
        values = [value for key, value in self.headers if key == name]
        return ", ".join(values) if values else None

    def json(self) -> Any:
        """Return the decoded body."""
        return json.loads(self.body)


@dataclass(frozen=True)
class SocketAnswer:
    """What became of a WebSocket: the first message, its echo, or how it was refused."""

    accepted: bool
    first: Any = None
    echo: str | None = None
    close_code: int | None = None
    denial: Answer | None = None


def unambiguous(path: str) -> str:
    """Return a path for a test client that would take two slashes at its start for a host."""
    return f"http://localhost{path}" if path.startswith("//") else path


class Client:
    """Send requests to one app through its framework's own test client."""

    websockets: ClassVar[bool] = False

    def request(self, method: str, path: str, headers: Headers = (), body: bytes = b"") -> Answer:
        """Send one request, repeated headers as they are, and return the answer."""
        raise NotImplementedError

    def websocket(self, path: str, headers: Headers = ()) -> SocketAnswer:
        """Open a WebSocket, read the first message, echo ``"ping"``, and close."""
        raise NotImplementedError

    def close(self) -> None:
        """Release what the client holds."""
