"""Where tokens may be sent, as OpenAPI security schemes."""

from __future__ import annotations

from django_privy.conf import PrivySettings
from privy_middleware import plugin

__all__ = ["security_schemes"]


def security_schemes() -> dict[str, dict[str, str]]:
    """Return each way in which a token may be sent under the present settings, by name, in the order of reading."""
    return plugin.security_schemes(PrivySettings().gate.settings)
