"""drf-spectacular: the security schemes in the OpenAPI document. ``django_privy`` in ``INSTALLED_APPS`` loads them."""

# mypy: allow-untyped-calls

from __future__ import annotations

from typing import Any

from drf_spectacular.drainage import set_override
from drf_spectacular.extensions import OpenApiAuthenticationExtension

from django_privy.rest_framework import PrivyAuthentication
from django_privy.schemes import security_schemes

# A subclass that sets ``on_invalid`` has the same schemes under the same names.
set_override(PrivyAuthentication, "suppress_collision_warning", True)

__all__ = ["PrivyScheme"]


class PrivyScheme(OpenApiAuthenticationExtension):
    """The security schemes of ``PrivyAuthentication`` and its subclasses, according to the settings."""

    target_class: Any = "django_privy.rest_framework.PrivyAuthentication"
    match_subclasses = True

    @property
    def name(self) -> list[str]:  # type: ignore[override]
        """Return the names of the schemes."""
        return list(security_schemes())

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[Any]]]:
        """Return the requirement that any one of the schemes is used."""
        return [{name: []} for name in self.name]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        """Return the schemes."""
        return list(security_schemes().values())
