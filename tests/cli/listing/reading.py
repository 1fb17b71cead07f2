"""What the tests of the lists of routes share: settings, and a short form of a list."""

from __future__ import annotations

from collections.abc import Iterable

from privy_middleware.cli.listing import Route
from tests.support.issued import issuer_config

__all__ = ["CONFIG", "WALLET", "listed"]

CONFIG = issuer_config()
WALLET = "a wallet on ethereum is linked"


def listed(routes: Iterable[Route]) -> dict[str, str]:
    """Return what is required by methods and path."""
    return {" ".join([*route.methods, route.path]): "; ".join([route.requires, *route.conditions]) for route in routes}
