"""A request as authentication needs it; each kind of server and framework has one adapter to this."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

__all__ = ["FieldNames", "Request", "environ_key", "shown_method", "shown_path"]

# Longer parts of a path are not logged: they may be a token.
_LONGEST_PART = 40
_LONGEST_PATH = 200
_BARE = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})


class FieldNames:
    """The names of header fields, each in lower case and as servers spell it."""

    __slots__ = ("environ", "raw")

    def __init__(self, names: Iterable[str]) -> None:
        """Create it from names in lower case."""
        unique = dict.fromkeys(names)
        self.raw: Mapping[bytes, str] = {name.encode(): name for name in unique}
        self.environ: Mapping[str, str] = {environ_key(name): name for name in unique}


def environ_key(name: str) -> str:
    """Return the key of a header field in a WSGI environ (PEP 3333)."""
    key = name.upper().replace("-", "_")
    return key if key in _BARE else f"HTTP_{key}"


class Request(Protocol):
    """A request of any framework: its method, its path and its raw header fields."""

    @property
    def method(self) -> str:
        """Return the method, ``"WEBSOCKET"`` for a WebSocket handshake."""
        ...

    @property
    def scheme(self) -> str:
        """Return ``http``, ``https``, ``ws`` or ``wss``."""
        ...

    @property
    def paths(self) -> Sequence[str]:
        """Return the path, decoded once, in each form that the app might route: with its mount point and without."""
        ...

    @property
    def target(self) -> str:
        """Return path and query as they were sent, percent-encoded."""
        ...

    @property
    def route(self) -> str | None:
        """Return the template of the route that the framework has matched, ``None`` if it is not known."""
        ...

    @property
    def client(self) -> str | None:
        """Return the address of the client that has connected to the server, ``None`` if it is not known."""
        ...

    @property
    def native(self) -> object:
        """Return the request as the server or the framework has it, for the hooks of the app."""
        ...

    def present(self, names: FieldNames) -> Mapping[str, list[str]]:
        """Return the values of those of the fields that are there, in order, by the name in lower case."""
        ...

    def values(self, name: str) -> list[str]:
        """Return every value of the field ``name`` (lower case), in order."""
        ...


def shown_method(method: str) -> str:
    """Return a method for the log: what is not one is not shown, since the client chooses the text."""
    return method if method.isascii() and method.isalpha() and len(method) <= _LONGEST_PART else "?"


def shown_path(target: str) -> str:
    """Return the path of a request for the log: without the query, and with an ellipsis for long parts."""
    parts = target.partition("?")[0].split("/")
    shown = "/".join("..." if len(part) > _LONGEST_PART else part for part in parts)[:_LONGEST_PATH]
    return "".join(each if "!" <= each <= "~" else "?" for each in shown)
