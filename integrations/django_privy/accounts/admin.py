"""The accounts in Django's admin, where they can be viewed and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest

from django_privy.accounts.models import PrivyAccount

__all__ = ["PrivyAccountAdmin"]


if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[PrivyAccount]
else:
    _ModelAdmin = admin.ModelAdmin


@admin.register(PrivyAccount)
class PrivyAccountAdmin(_ModelAdmin):
    """The admin of accounts, which are created when a user signs in and cannot be added or changed here."""

    list_display: Any = ("did", "user", "issuer", "created_at")
    list_select_related: ClassVar[Any] = ("user",)
    search_fields: ClassVar[Any] = ("did",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return ``False``."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: PrivyAccount | None = None) -> bool:
        """Return ``False``."""
        return False
