"""The parameters of a Django request, for conditions that use them.

``privy_middleware.plugin`` decides which values are used. Afterwards the view can still read the body in every way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.http.request import RawPostDataException

from django_privy.request_adapter import is_asgi
from privy_middleware.plugin import LARGEST_BODY, Pairs, Parameters, RequestParts, read_parameters

__all__ = ["in_request"]


def in_request(request: HttpRequest, names: Collection[str]) -> Parameters:
    """Return the parameters that have the same single value in the request, however the view reads it."""
    return read_parameters(names, lambda: _parts(request))


def _parts(request: HttpRequest) -> RequestParts:
    body, form = _body(request)
    match, meta = request.resolver_match, request.META
    return RequestParts(
        path={} if match is None else match.kwargs,
        query_string=meta.get("QUERY_STRING", "").encode("utf-8" if is_asgi(request) else "latin-1"),
        query=_pairs(request.GET),
        body=body,
        form=form,
        # REST framework uses the second if the first is missing.
        content_types=[meta[key] for key in ("CONTENT_TYPE", "HTTP_CONTENT_TYPE") if meta.get(key)],
        content_encodings=[meta.get("HTTP_CONTENT_ENCODING", "")],
        charset=request.encoding or settings.DEFAULT_CHARSET,
    )


def _body(request: HttpRequest) -> tuple[bytes | None, Pairs]:
    """Return the body, or ``None`` if it cannot be read, and the form if it has been parsed."""
    body = _content(request)
    form: list[tuple[str, object]] = []
    # Django parses a large multipart form from the stream. Afterwards the body can be read only as a form.
    if hasattr(request, "_post") or (body is None and _is_multipart_post(request)):
        form = [*_pairs(request.POST), *_pairs(request.FILES)]
    return (b"" if body is None and form else body), form


def _is_multipart_post(request: HttpRequest) -> bool:
    return request.method == "POST" and request.content_type == "multipart/form-data"


def _content(request: Any) -> bytes | None:
    if not hasattr(request, "_body") and _length(request) > LARGEST_BODY:
        return None
    try:
        body: bytes = request.body
    except RawPostDataException:
        return None
    except RequestDataTooBig:
        # Django has moved to the end of the stream to find its length.
        if request._stream.seekable():
            request._stream.seek(0)
        return None
    return body


def _length(request: HttpRequest) -> int:
    value = request.META.get("CONTENT_LENGTH") or ""
    return int(value) if value.isdecimal() else 0


def _pairs(query: Any) -> Iterator[tuple[str, object]]:
    """Return the pairs of a ``QueryDict`` or of the files."""
    return ((name, value) for name, values in query.lists() for value in values)
