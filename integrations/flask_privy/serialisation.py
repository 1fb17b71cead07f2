"""Users in responses: Flask would write every field of their dataclasses."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from flask import Flask, Response
from flask.json.provider import DefaultJSONProvider

from privy_middleware.plugin import to_plain

__all__ = ["answer_with_users"]

# What views return most of the time; what is inside of a dict is left to the provider.
_USUAL = frozenset({Response, bytes, dict, list, str})


def answer_with_users(app: Flask) -> None:
    """Let ``jsonify`` and the views of an app answer with the ``to_dict`` of users, claims and accounts."""
    provider: Any = app.json
    if isinstance(provider, DefaultJSONProvider):
        provider.default = _with_users(provider.default)
    else:
        # Such a provider can write dataclasses by itself, without asking for a default.
        provider.dumps = _of_plain(provider.dumps)
    # Flask has no other hook for values that it cannot answer with.
    vars(app)["make_response"] = _response_maker(weakref.ref(app))


def _with_users(default: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        plain = to_plain(value)
        return default(value) if plain is value else plain

    return convert


def _of_plain(dumps: Callable[..., str]) -> Callable[..., str]:
    return lambda value, **options: dumps(to_plain(value), **options)


def _response_maker(app: weakref.ref[Flask]) -> Callable[[Any], Response]:
    """Return a method that makes the response for a user too, alone or with a status and headers.

    A strong reference to the app would be a cycle.
    """

    def make_response(rv: Any) -> Response:
        current: Any = app()
        if type(rv) not in _USUAL:
            if isinstance(rv, tuple) and rv:
                rv = (_plain_body(rv[0]), *rv[1:])
            rv = _plain_body(rv)
        response: Response = type(current).make_response(current, rv)
        return response

    return make_response


def _plain_body(body: Any) -> Any:
    # What is inside of dicts and lists is left to the provider. A tuple has a status.
    return body if isinstance(body, dict | list | tuple) else to_plain(body)
