"""Users in responses: Flask would write every field of their dataclasses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from flask import Flask, Response, current_app
from flask.json.provider import DefaultJSONProvider

from privy_middleware.plugin import to_plain

__all__ = ["answer_with_users"]


def answer_with_users(app: Flask) -> None:
    """Let ``jsonify`` and the views of an app answer with the ``to_dict`` of users, claims and accounts."""
    provider: Any = app.json
    if isinstance(provider, DefaultJSONProvider):
        provider.default = _with_users(provider.default)
    else:
        # Such a provider can write dataclasses by itself, without asking for a default.
        provider.dumps = _of_plain(provider.dumps)
    # Flask has no other hook for values that it cannot answer with.
    vars(app)["make_response"] = _make_response


def _with_users(default: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        plain = to_plain(value)
        return default(value) if plain is value else plain

    return convert


def _of_plain(dumps: Callable[..., str]) -> Callable[..., str]:
    return lambda value, **options: dumps(to_plain(value), **options)


def _make_response(rv: Any) -> Response:
    """Make the response for what a view returns: a user too, alone or with a status and headers."""
    app: Flask = cast(Any, current_app)._get_current_object()
    if isinstance(rv, tuple) and rv:
        rv = (_plain_body(rv[0]), *rv[1:])
    return type(app).make_response(app, _plain_body(rv))


def _plain_body(body: Any) -> Any:
    # What is inside of dicts and lists is left to the provider. A tuple has a status.
    return body if isinstance(body, dict | list | tuple) else to_plain(body)
