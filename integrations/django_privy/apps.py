"""The Django app: system checks, and the OpenAPI schemes where drf-spectacular is installed."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps
from django.core.checks import Tags, register

__all__ = ["PrivyAppConfig"]


class PrivyAppConfig(AppConfig):
    """Set up ``django_privy``; it has no models, those are in ``django_privy.accounts``."""

    name = "django_privy"
    verbose_name: Any = "Privy"

    def ready(self) -> None:
        """Register what only an installed app can."""
        from django_privy import checks  # noqa: PLC0415 (Django loads apps before it is ready for more)

        register(checks.check_privy, Tags.security)
        if apps.is_installed("drf_spectacular"):
            from django_privy import spectacular  # noqa: F401, PLC0415 (importing it registers the extension)
