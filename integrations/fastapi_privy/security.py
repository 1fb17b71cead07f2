"""What FastAPI's dependencies stand on: a security scheme whose value is what the middleware found out."""

from __future__ import annotations

from fastapi.openapi.models import HTTPBearer
from fastapi.openapi.models import SecurityBase as SecurityModel
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection

from fastapi_privy.connection import answer_preflight, privy_auth
from privy_middleware import PrivyAuth

__all__ = ["ACCESS", "ANY", "OPTIONAL", "PrivyScheme"]


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
