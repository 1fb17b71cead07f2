"""What FastAPI's dependencies stand on: a security scheme whose value is what the middleware found out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi.openapi.models import APIKey, APIKeyIn, HTTPBearer
from fastapi.openapi.models import SecurityBase as SecurityModel
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection

from fastapi_privy.connection import answer_preflight, privy_auth
from privy_middleware import PrivyAuth
from privy_middleware.config import RequestSettings
from privy_middleware.http.credentials import Slot, Source

__all__ = ["ACCESS", "ANY", "OPTIONAL", "PrivyScheme", "schemes_of"]


class PrivyScheme(SecurityBase):
    """Stand in an OpenAPI document for every way in which a token may come, until these are written in.

    ``kinds`` are the kinds of token that do, all where it is empty.
    """

    def __init__(self, scheme_name: str, *kinds: str, optional: bool = False) -> None:
        """Take a name that is unique in the document."""
        self.model: SecurityModel = HTTPBearer(bearerFormat="JWT")
        self.scheme_name: str = scheme_name
        self.kinds = kinds
        self.optional = optional

    async def __call__(self, connection: HTTPConnection) -> PrivyAuth:
        """Return what the middleware found out, unless the request is a preflight, which is answered.

        Raises:
            ConfigurationError: if the middleware is not around the app.
            HTTPException: with the answer to a preflight.
        """
        answer_preflight(connection)
        return privy_auth(connection)


ANY = PrivyScheme("Privy")
OPTIONAL = PrivyScheme("PrivyOptional", optional=True)
ACCESS = PrivyScheme("PrivyAccess", "access")


def schemes_of(settings: RequestSettings, kinds: tuple[str, ...]) -> Iterator[tuple[str, SecurityModel]]:
    """Return each way in which a token of the kinds may come, with a name, in the order they are read."""
    for source in settings.sources:
        for slot in settings.slots:
            if not kinds or slot.kind in kinds:
                yield from _scheme(slot, source)


def _scheme(slot: Slot, source: Source) -> Iterator[tuple[str, SecurityModel]]:
    name, token = f"Privy{slot.kind.capitalize()}", f"The {slot.kind} token"
    if source == "header" and slot.bearer:
        yield f"{name}Bearer", HTTPBearer(bearerFormat="JWT", description=f"{token}, in `{slot.header}`.")
    elif source == "header":
        yield f"{name}Header", _key(APIKeyIn.header, slot.header, f"{token}, without a scheme.")
    elif slot.cookie is not None:
        yield f"{name}Cookie", _key(APIKeyIn.cookie, slot.cookie, f"{token}, which browsers send by themselves.")


def _key(place: APIKeyIn, name: str, description: str) -> APIKey:
    values: dict[str, Any] = {"in": place, "name": name, "description": description}
    return APIKey(**values)
