"""Where tokens may stand, as OpenAPI security schemes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django_privy.conf import PrivySettings
from privy_middleware.credentials import Slot, Source

__all__ = ["security_schemes"]


def security_schemes() -> dict[str, dict[str, Any]]:
    """Return each way in which a token may come under the present settings, by name, in the order they are read."""
    settings = PrivySettings().gate.settings
    found = (_scheme(slot, source) for source in settings.sources for slot in settings.slots)
    return {name: scheme for schemes in found for name, scheme in schemes}


def _scheme(slot: Slot, source: Source) -> Iterator[tuple[str, dict[str, Any]]]:
    name = f"Privy{slot.kind.capitalize()}"
    if source == "header" and slot.bearer:
        yield f"{name}Bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    elif source == "header":
        yield f"{name}Header", {"type": "apiKey", "in": "header", "name": slot.header}
    elif slot.cookie is not None:
        yield f"{name}Cookie", {"type": "apiKey", "in": "cookie", "name": slot.cookie}
