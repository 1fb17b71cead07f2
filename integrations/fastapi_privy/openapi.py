"""The OpenAPI document: security schemes and error responses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fastapi_privy.dependencies import current_access, current_user, optional_user
from fastapi_privy.security import PrivyScheme
from privy_middleware import AuthenticationError, AuthorizationError, InvalidToken, PrivyError, ServiceUnavailable
from privy_middleware.config import RequestSettings
from privy_middleware.plugin import Answer, security_schemes

__all__ = ["describe"]

# If an operation depends on several of them, the first one counts.
_STAND_INS: dict[str, PrivyScheme] = {each.scheme_name: each for each in (current_access, current_user, optional_user)}
_REFUSALS: Sequence[Sequence[type[PrivyError]]] = (
    (AuthenticationError, InvalidToken),
    (AuthorizationError,),
    (ServiceUnavailable,),
)
_MODEL = "PrivyRefusal"


def describe(
    schema: dict[str, Any], settings: RequestSettings, protects: Callable[[str, str], bool] = lambda *_: False
) -> dict[str, Any]:
    """Add security schemes and error responses to a newly generated document, which is changed and returned.

    Operations that need no user are not changed, and neither are responses that an operation declares itself.
    ``protects`` returns whether a path is protected for a method, independently of the operation.
    """
    for path, method, operation in _operations(schema):
        scheme = _needed(operation)
        if scheme in (None, optional_user) and protects(path, method):
            scheme = current_user
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
    components.setdefault("schemas", {})[_MODEL] = _schema(Answer.to(AuthenticationError(), settings.error_body))
    operation["security"] = _alternatives(operation.get("security", ()), [*schemes], optional=scheme.optional)
    for refusals in _REFUSALS:
        response = _response([refusal() for refusal in refusals], settings)
        operation.setdefault("responses", {}).setdefault(str(refusals[0].status), response)


def _alternatives(
    listed: Sequence[dict[str, list[str]]], names: Sequence[str], *, optional: bool
) -> list[dict[str, list[str]]]:
    """Return the listed alternatives, in which the names replace their placeholders and keep the scopes of these."""
    kept = [each for each in listed if _STAND_INS.keys().isdisjoint(each)]
    scopes = {scope: None for each in listed if each not in kept for held in each.values() for scope in held}
    anonymous: list[dict[str, list[str]]] = [{}] if optional else []
    return [*kept, *({name: [*scopes]} for name in names), *anonymous]


def _schema(answer: Answer) -> dict[str, Any]:
    """Return the schema of a body; those of all errors have the same names."""
    types = {name: "integer" if isinstance(value, int) else "string" for name, value in answer.payload.items()}
    properties = {name: {"title": name.title(), "type": kind} for name, kind in types.items()}
    return {"title": _MODEL, "type": "object", "properties": properties, "required": [*properties]}


def _response(errors: Sequence[PrivyError], settings: RequestSettings) -> dict[str, Any]:
    answers = {error.code: Answer.to(error, settings.error_body) for error in errors}
    content = {
        "schema": {"$ref": f"#/components/schemas/{_MODEL}"},
        "examples": {code: {"value": dict(answer.payload)} for code, answer in answers.items()},
    }
    media_type = dict(answers[errors[0].code].headers)["Content-Type"]
    headers = {name: {"schema": {"type": "string"}} for error in errors for name, _ in error.challenge}
    response = {"description": errors[0].message, "content": {media_type: content}, "headers": headers}
    return {key: value for key, value in response.items() if value}
