"""drf-spectacular: where tokens may stand, in the OpenAPI document. ``django_privy`` in ``INSTALLED_APPS`` loads it."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from django_privy.schemes import security_schemes

__all__ = ["PrivyScheme"]


class PrivyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describe ``PrivyAuthentication`` and its subclasses, as the settings are."""

    target_class = "django_privy.rest_framework.PrivyAuthentication"
    match_subclasses = True

    @property
    def name(self) -> list[str]:  # type: ignore[override]
        """Return the names of the schemes."""
        return list(security_schemes())

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[Any]]]:
        """Return that any one of the schemes does."""
        return [{name: []} for name in self.name]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        """Return the schemes."""
        return list(security_schemes().values())
