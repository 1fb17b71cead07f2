"""The security schemes of the dependencies."""

from __future__ import annotations

from fastapi.openapi.models import HTTPBearer
from fastapi.openapi.models import SecurityBase as SecurityModel
from fastapi.security.base import SecurityBase

__all__ = ["PrivyScheme"]


class PrivyScheme(SecurityBase):
    """A placeholder in an OpenAPI document, which is later replaced with a scheme for each header and cookie.

    Attributes:
        model: the description of the placeholder for FastAPI.
        scheme_name: its name in the document.
        kinds: the kinds of token that are accepted; all if it is empty.
        optional: whether the operation also runs without a token.
    """

    def __init__(self, scheme_name: str, *kinds: str, optional: bool = False) -> None:
        """Create a placeholder."""
        self.model: SecurityModel = HTTPBearer(bearerFormat="JWT")
        self.scheme_name: str = scheme_name
        self.kinds = kinds
        self.optional = optional
