"""The parameters of a Flask request, for conditions that use them.

``privy_middleware.plugin`` decides which values are used. Afterwards the view can still read the body in every way.
"""

from __future__ import annotations

from collections.abc import Collection
from io import BytesIO, RawIOBase
from typing import IO, TYPE_CHECKING, Any, cast

from flask import Request, request

from privy_middleware.plugin import LARGEST_BODY, Pairs, Parameters, RequestParts, read_parameters

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["in_request"]

_CHUNK = 1 << 16


def in_request(names: Collection[str]) -> Parameters:
    """Return the parameters that have the same single value in the current request, however the view reads it."""
    # The request object itself, because ``vars`` of the proxy does not show what has already been read.
    current: Request = cast(Any, request)._get_current_object()
    return read_parameters(names, lambda: _parts(current))


def _parts(current: Request) -> RequestParts:
    body, form = _body(current)
    return RequestParts(
        path=current.view_args or {},
        query_string=current.query_string,
        query=current.args.items(multi=True),
        body=body,
        form=form,
        content_types=current.headers.getlist("Content-Type"),
        content_encodings=current.headers.getlist("Content-Encoding"),
    )


def _body(current: Request) -> tuple[bytes | None, Pairs]:
    """Return the body, or ``None`` if it cannot be read, and the form if it has been parsed."""
    known = vars(current)
    untouched = {"_cached_data", "form", "stream"}.isdisjoint(known)
    if untouched and (current.content_length or 0) > LARGEST_BODY:
        if current.mimetype != "multipart/form-data":
            return None, ()
        # Flask stores large files on disk. Afterwards the body can be read only as a form.
        current._load_form_data()
    form = [*current.form.items(multi=True), *current.files.items(multi=True)] if "form" in known else []
    body = current.get_data() if "_cached_data" in known else _unread(current)
    if body == b"" and form:
        return body, form
    # Other code may have read and kept a part of the body.
    return (None if body is None or len(body) != _expected_length(current, len(body)) else body), form


def _expected_length(current: Request, length: int) -> int:
    """Return the length that the body should have, if ``length`` bytes of it are left to read."""
    if current.content_length is not None:
        return current.content_length
    # A chunked body has at least one byte.
    return length or int("Transfer-Encoding" in current.headers)


def _unread(current: Request) -> bytes | None:
    """Return the unread part of the body, or ``None`` if it is too large; it can be read again afterwards."""
    stream = current.stream
    limit = current.content_length or current.max_content_length
    body = stream.read() if limit is not None and limit <= LARGEST_BODY else _read_some(stream)
    if body:
        again = BytesIO(body) if len(body) <= LARGEST_BODY else _Joined(body, stream)
        vars(current)["stream"] = current.environ["wsgi.input"] = again
    # Flask cuts off a chunked body at the limit without an error.
    cut_off = current.content_length is None and len(body) == current.max_content_length
    return None if cut_off or len(body) > LARGEST_BODY else body


def _read_some(stream: IO[bytes]) -> bytes:
    body = bytearray()
    while len(body) <= LARGEST_BODY and (chunk := stream.read(_CHUNK)):
        body += chunk
    return bytes(body)


class _Joined(RawIOBase):
    """A stream of bytes that were already read, followed by the rest of another stream."""

    def __init__(self, beginning: bytes, rest: IO[bytes]) -> None:
        self._beginning = BytesIO(beginning)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        chunk = self._beginning.read(len(view)) or self._rest.read(len(view))
        view[: len(chunk)] = chunk
        return len(chunk)
