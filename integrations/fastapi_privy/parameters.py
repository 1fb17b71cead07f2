"""The request parameters that a condition looks at, such as the address in ``owns_wallet="address"``.

A parameter may stand in the path, the query, and a body of JSON or of a form. Where it stands twice with different
values, an endpoint might read another one than the condition did: then it counts as absent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from importlib.util import find_spec

from starlette.requests import HTTPConnection, Request

__all__ = ["in_request", "in_url"]

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
# Without it neither Starlette nor the app can read a form.
_READS_FORMS = find_spec("python_multipart") is not None


def in_url(connection: HTTPConnection, names: Collection[str]) -> dict[str, object]:
    """Return those of the parameters that stand in the path or the query."""
    if not names:
        return {}
    return _agreed([*connection.path_params.items(), *connection.query_params.multi_items()], names)


async def in_request(connection: HTTPConnection, names: Collection[str]) -> dict[str, object]:
    """Return those of the parameters that stand in the path, the query or the body, which can be read again."""
    if not names:
        return {}
    body = await _body(connection) if isinstance(connection, Request) else ()
    return _agreed([*connection.path_params.items(), *connection.query_params.multi_items(), *body], names)


def _agreed(items: Iterable[tuple[str, object]], names: Collection[str]) -> dict[str, object]:
    found: dict[str, list[object]] = {name: [] for name in names}
    for name, value in items:
        if name in found and value not in found[name]:
            found[name].append(value)
    return {name: values[0] for name, values in found.items() if len(values) == 1}


async def _body(request: Request) -> Iterable[tuple[str, object]]:
    if request.headers.get("content-type", "").lower().startswith(_FORMS):
        return (await request.form()).multi_items() if _READS_FORMS else ()
    try:
        body = await request.json()
    except (ValueError, RecursionError):
        return ()
    return body.items() if isinstance(body, dict) else ()
