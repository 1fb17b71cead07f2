"""The OpenAPI document: where tokens may stand, and what a refusal looks like."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from typing import Any

from fastapi_privy.security import ACCESS, ANY, OPTIONAL, PrivyScheme
from privy_middleware import AuthenticationError, AuthorizationError, InvalidToken, PrivyError, ServiceUnavailable
from privy_middleware.config import RequestSettings
from privy_middleware.plugin import security_schemes

__all__ = ["describe"]

# The first of them that an operation depends on tells what it needs.
_STAND_INS = {scheme.scheme_name: scheme for scheme in (ACCESS, ANY, OPTIONAL)}
_REFUSALS: Sequence[Sequence[type[PrivyError]]] = (
    (AuthenticationError, InvalidToken),
    (AuthorizationError,),
    (ServiceUnavailable,),
)
_MODEL = "PrivyRefusal"
_SCHEMA = {
    "title": _MODEL,
    "type": "object",
    "properties": {"message": {"title": "Message", "type": "string"}},
    "required": ["message"],
}


def describe(
    schema: dict[str, Any], settings: RequestSettings, protects: Callable[[str, str], bool] = lambda *_: False
) -> dict[str, Any]:
    """Write security schemes and refusals into a fresh document, in place, and return it.

    Operations that need no user stay as they are, and so do responses that they declare themselves. ``protects`` tells
    of a path and a method whether they need a user whatever the operation says.
    """
    for path, method, operation in _operations(schema):
        scheme = _needed(operation)
        if scheme in (None, OPTIONAL) and protects(path, method):
            scheme = ANY
        if scheme is not None:
            _describe(operation, scheme, settings, schema.setdefault("components", {}))
    for name in _STAND_INS:
        schema.get("components", {}).get("securitySchemes", {}).pop(name, None)
    return schema


def _operations(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in schema.get("paths", {}).items():
        for method, operation in item.items():
            if isinstance(operation, dict):
                yield path, method.upper(), operation


def _needed(operation: dict[str, Any]) -> PrivyScheme | None:
    names = {name for alternative in operation.get("security", ()) for name in alternative}
    return next((scheme for name, scheme in _STAND_INS.items() if name in names), None)


def _describe(
    operation: dict[str, Any], scheme: PrivyScheme, settings: RequestSettings, components: dict[str, Any]
) -> None:
    schemes = security_schemes(settings, scheme.kinds)
    components.setdefault("securitySchemes", {}).update(schemes)
    components.setdefault("schemas", {})[_MODEL] = deepcopy(_SCHEMA)
    operation["security"] = _alternatives(operation.get("security", ()), [*schemes], optional=scheme.optional)
    for refusals in _REFUSALS:
        operation.setdefault("responses", {}).setdefault(str(refusals[0].status), _response(refusals))


def _alternatives(
    listed: Sequence[dict[str, list[str]]], names: Sequence[str], *, optional: bool
) -> list[dict[str, list[str]]]:
    """Return the listed alternatives with the names, and their scopes, in the place of what stands in for them."""
    kept = [each for each in listed if _STAND_INS.keys().isdisjoint(each)]
    scopes = {scope: None for each in listed if each not in kept for held in each.values() for scope in held}
    anonymous: list[dict[str, list[str]]] = [{}] if optional else []
    return [*kept, *({name: [*scopes]} for name in names), *anonymous]


def _response(refusals: Sequence[type[PrivyError]]) -> dict[str, Any]:
    errors = [refusal() for refusal in refusals]
    content = {
        "schema": {"$ref": f"#/components/schemas/{_MODEL}"},
        "examples": {error.code: {"value": error.payload} for error in errors},
    }
    headers = {name: {"schema": {"type": "string"}} for error in errors for name, _ in error.challenge}
    response = {"description": errors[0].message, "content": {"application/json": content}, "headers": headers}
    return {key: value for key, value in response.items() if value}
