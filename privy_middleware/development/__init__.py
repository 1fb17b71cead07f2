"""An issuer for development and tests: it signs real tokens for made-up users, on loopback only."""

from privy_middleware.development.issuer import DevelopmentIssuer, development_issuer
from privy_middleware.development.personas import PERSONAS, Persona
from privy_middleware.development.records import WebhookDelivery
from privy_middleware.development.users import DevelopmentUsers

__all__ = [
    "DevelopmentIssuer",
    "DevelopmentUsers",
    "PERSONAS",
    "Persona",
    "WebhookDelivery",
    "development_issuer",
]
