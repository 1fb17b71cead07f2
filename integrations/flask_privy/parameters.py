"""The request parameters that a condition looks at, such as the address in ``owns_wallet="address"``.

A parameter may stand in the path, the query, and a body of JSON or of a form. Where it stands twice with different
values, a view might read another one than the condition did: then it counts as absent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from flask import request

__all__ = ["in_request"]


def in_request(names: Collection[str]) -> dict[str, object]:
    """Return those of the parameters that stand in the current request, which the view can read again."""
    if not names:
        return {}
    found: dict[str, list[object]] = {name: [] for name in names}
    for name, value in (*(request.view_args or {}).items(), *request.args.items(multi=True), *_body()):
        if name in found and value not in found[name]:
            found[name].append(value)
    return {name: values[0] for name, values in found.items() if len(values) == 1}


def _body() -> Iterable[tuple[str, object]]:
    if request.form:
        return request.form.items(multi=True)
    try:
        # Whatever its content type is: a view may look at it just so.
        body = request.get_json(force=True, silent=True)
    except RecursionError:
        return ()
    return body.items() if isinstance(body, dict) else ()
