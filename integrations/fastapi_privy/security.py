"""The security scheme that the dependencies use; its value is the ``PrivyAuth`` of the request."""

from __future__ import annotations

from fastapi.openapi.models import HTTPBearer
from fastapi.openapi.models import SecurityBase as SecurityModel
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection

from fastapi_privy.connection import answer_preflight, privy_auth
from privy_middleware import PrivyAuth

__all__ = ["ACCESS", "ANY", "OPTIONAL", "PrivyScheme"]


class PrivyScheme(SecurityBase):
    """A placeholder in an OpenAPI document, which is later replaced with a scheme for each header and cookie.

    Attributes:
        model: the description of the placeholder for FastAPI.
        scheme_name: its name in the document.
        kinds: the kinds of token that are accepted; all if it is empty.
        optional: whether the operation also runs without a token.
    """

    def __init__(self, scheme_name: str, *kinds: str, optional: bool = False) -> None:
        """Create a placeholder; its name must be unique in the document."""
        self.model: SecurityModel = HTTPBearer(bearerFormat="JWT")
        self.scheme_name: str = scheme_name
        self.kinds = kinds
        self.optional = optional

    async def __call__(self, connection: HTTPConnection) -> PrivyAuth:
        """Return the ``PrivyAuth`` of the request.

        Raises:
            ConfigurationError: if the middleware is not installed in the app.
            HTTPException: if the request is a preflight; contains the response.
        """
        answer_preflight(connection)
        return privy_auth(connection)


ANY = PrivyScheme("Privy")
OPTIONAL = PrivyScheme("PrivyOptional", optional=True)
ACCESS = PrivyScheme("PrivyAccess", "access")
