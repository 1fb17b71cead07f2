"""The Django app with the table of accounts."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig

__all__ = ["AccountsAppConfig"]


class AccountsAppConfig(AppConfig):
    """The configuration of ``django_privy.accounts``."""

    name = "django_privy.accounts"
    label = "privy_accounts"
    verbose_name: Any = "Privy accounts"
    default_auto_field: Any = "django.db.models.BigAutoField"
