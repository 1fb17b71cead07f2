"""The model that maps an issuer and a DID to a Django user."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models

__all__ = ["PrivyAccount"]


class PrivyAccount(models.Model):
    """The Django user of a Privy user, who is identified by issuer and subject together (OpenID Connect Core §5.7).

    Attributes:
        user: the Django user.
        issuer: the issuer of the tokens (``iss``).
        did: the Privy user ID, a DID (``sub``).
        created_at: when the account was created.
    """

    user: models.ForeignKey[Any, Any] = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="privy_accounts"
    )
    issuer: models.CharField[str, str] = models.CharField(max_length=255)
    did: models.CharField[str, str] = models.CharField("DID", max_length=255)
    created_at: models.DateTimeField[Any, datetime] = models.DateTimeField(auto_now_add=True)

    class Meta:
        """At most one Django user for an issuer and a DID."""

        verbose_name = "Privy account"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["issuer", "did"], name="privy_accounts_issuer_did")
        ]

    def __str__(self) -> str:
        """Return the DID."""
        return self.did
