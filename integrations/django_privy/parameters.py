"""The request parameters that a condition looks at, such as the address in ``owns_wallet="address"``.

A parameter may stand in the path, the query, and a body of JSON or of a form. Where it stands twice with different
values, a view might read another one than the condition did: then it counts as absent.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator

from django.http import HttpRequest, QueryDict

__all__ = ["in_request"]

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def in_request(request: HttpRequest, names: Collection[str]) -> dict[str, object]:
    """Return those of the parameters that stand in the request, which the view can read again."""
    if not names:
        return {}
    found: dict[str, list[object]] = {name: [] for name in names}
    path = {} if request.resolver_match is None else request.resolver_match.kwargs
    for name, value in (*path.items(), *_pairs(request.GET), *_body(request)):
        if name in found and value not in found[name]:
            found[name].append(value)
    return {name: values[0] for name, values in found.items() if len(values) == 1}


def _body(request: HttpRequest) -> Iterable[tuple[str, object]]:
    if request.content_type in _FORMS:
        return _pairs(request.POST)
    try:
        # Whatever its content type is: a view may look at it just so.
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        return ()
    return body.items() if isinstance(body, dict) else ()


def _pairs(query: QueryDict) -> Iterator[tuple[str, object]]:
    return ((name, value) for name, values in query.lists() for value in values)
