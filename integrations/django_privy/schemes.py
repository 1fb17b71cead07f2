"""The headers and cookies that can contain a token, as OpenAPI security schemes."""

from __future__ import annotations

from django_privy.conf import PrivySettings
from privy_middleware import plugin

__all__ = ["security_schemes"]


def security_schemes() -> dict[str, dict[str, str]]:
    """Return a security scheme for each header and cookie of the current settings, by name, in the order of reading."""
    return plugin.security_schemes(PrivySettings().gate.settings)
