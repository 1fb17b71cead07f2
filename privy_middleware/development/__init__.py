"""An issuer for development and tests: real tokens for invented users, on loopback."""

from privy_middleware.development.issuer import DevelopmentIssuer, development_issuer
from privy_middleware.development.personas import PERSONAS, Persona

__all__ = ["DevelopmentIssuer", "PERSONAS", "Persona", "development_issuer"]
