"""A body that is read before the app, and read again by it; and other helpers for plugins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, NamedTuple, NewType, TypedDict, TypeVar

import anyio
import attrs
import msgspec
import pytest
from pydantic import BaseModel
from typing_extensions import TypeAliasType

from privy_middleware import AccessTokenClaims, ConfigurationError, PrivyUser
from privy_middleware.asgi import BufferedReceive, Message, request_parts, required_auth_in
from privy_middleware.plugin import verified_class
from tests.behaviour.clients.asgi import scope_of

T = TypeVar("T")
LIMIT = 6
END: Message = {"type": "http.disconnect"}


def part(body: bytes, *, more: bool = False) -> Message:
    """Return a message of a body."""
    return {"type": "http.request", "body": body, "more_body": more}


async def read(messages: Iterable[Message], limit: int = LIMIT) -> tuple[bytes | None, list[Message]]:
    """Return the body, and the messages that the app then receives."""
    waiting = iter(messages)

    async def receive() -> Message:
        return next(waiting, END)

    buffered = BufferedReceive(receive)
    body = await buffered.read(limit)
    received = [await buffered()]
    while received[-1] != END:
        received.append(await buffered())
    return body, received


@pytest.mark.parametrize(
    ("messages", "body"),
    [
        ([part(b"")], b""),
        ([{"type": "http.request"}], b""),
        ([part(b"abc", more=True), part(b"def")], b"abcdef"),
        ([part(b"abcd", more=True), part(b"efg")], None),
        ([part(b"abcdefg", more=True), part(b"h")], None),
        ([part(b"abc", more=True)], None),
        ([], None),
    ],
)
def test_body(messages: list[Message], body: bytes | None) -> None:
    """The app receives every message, even if the body could not be read."""
    assert anyio.run(read, messages) == (body, [*messages, END])


def test_parts() -> None:
    """A scope has the parameters of the path, the query, and every content type."""
    scope = scope_of("http", "/x?a=b", [("Content-Type", "text/plain"), ("content-type", "text/csv")])
    parts = request_parts({**scope, "path_params": {"id": "1"}}, [("a", "b")], None, [("c", "d")])
    assert (parts.path, parts.query_string, [*parts.query]) == ({"id": "1"}, b"a=b", [("a", "b")])
    assert (parts.body, [*parts.form]) == (None, [("c", "d")])
    assert (parts.content_types, parts.content_encodings) == (["text/plain", "text/csv"], [])
    bare = request_parts({"type": "http", "headers": ()}, ())
    assert (bare.path, bare.query_string, bare.body) == ({}, b"", b"")


def test_app_without_the_middleware() -> None:
    """The error says how to fix it."""
    with pytest.raises(ConfigurationError, match=r"PrivyMiddleware.*is not installed; install it"):
        required_auth_in(scope_of("http", "/"), "install it")


class Struct(msgspec.Struct):
    """A struct of msgspec."""

    claims: list[AccessTokenClaims]


class Model(BaseModel):
    """A model of pydantic, which refers to itself."""

    parent: Model | None = None
    user: PrivyUser | None = None


@attrs.define
class Attrs:
    """A class of attrs."""

    model: Model


class Typed(TypedDict):
    """A typed dict."""

    attrs: Attrs


class Named(NamedTuple):
    """A named tuple."""

    typed: Typed


@dataclass
class Data(Generic[T]):
    """A generic dataclass."""

    value: T


@dataclass
class Unresolved:
    """A dataclass with a name that is known to type checkers only."""

    user: NotImported  # type: ignore[name-defined] # noqa: F821


Alias = TypeAliasType("Alias", list[Named])


def test_verified_classes_in_fields() -> None:
    """They are also found in the fields of classes that frameworks fill from a request, and behind other names."""
    for annotation in (Model, Attrs, Typed, Named, list[Named | None], Data[Named], Alias, NewType("New", Named)):
        assert verified_class(annotation) is PrivyUser
    assert verified_class(Struct) is AccessTokenClaims
    assert verified_class(Data[int]) is None
    assert verified_class(Unresolved) is None


def test_verified_classes() -> None:
    """They are found anywhere in an annotation."""
    assert verified_class(PrivyUser) is PrivyUser
    assert verified_class(list[AccessTokenClaims | None]) is AccessTokenClaims
    assert verified_class(dict[str, int]) is None
    assert verified_class("PrivyUser") is None
