"""The Django app: system checks, and OpenAPI security schemes if drf-spectacular is installed."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps
from django.core.checks import Tags, register

__all__ = ["PrivyAppConfig"]


class PrivyAppConfig(AppConfig):
    """The configuration of ``django_privy``; the models are in ``django_privy.accounts``."""

    name = "django_privy"
    verbose_name: Any = "Privy"

    def ready(self) -> None:
        """Register the system checks, and the schemes for drf-spectacular."""
        from django_privy import checks  # noqa: PLC0415 (cannot be imported before the apps are loaded)

        register(checks.check_privy, Tags.security)
        if apps.is_installed("drf_spectacular"):
            from django_privy import spectacular  # noqa: F401, PLC0415 (importing it registers the extension)
