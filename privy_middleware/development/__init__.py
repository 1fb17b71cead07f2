"""An issuer for development and tests: it signs real tokens for made-up users, on loopback only."""

from privy_middleware.development.issuer import DevelopmentIssuer, development_issuer
from privy_middleware.development.personas import PERSONAS, Persona

__all__ = ["DevelopmentIssuer", "PERSONAS", "Persona", "development_issuer"]
