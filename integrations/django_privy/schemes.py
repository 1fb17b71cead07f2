"""Where tokens may stand, as OpenAPI security schemes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django_privy.conf import PrivySettings
from privy_middleware.http.credentials import Slot, Source

__all__ = ["security_schemes"]


def security_schemes() -> dict[str, dict[str, Any]]:
    """Return each way in which a token may come under the present settings, by name, in the order they are read."""
    settings = PrivySettings().gate.settings
    places: Iterator[tuple[Slot, Source]] = ((slot, source) for source in settings.sources for slot in settings.slots)
    return dict(_scheme(*place) for place in places if place[1] == "header" or place[0].cookie is not None)


def _scheme(slot: Slot, source: Source) -> tuple[str, dict[str, Any]]:
    name = f"Privy{slot.kind.capitalize()}"
    if source == "header" and slot.bearer:
        return f"{name}Bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    place = slot.header if source == "header" else slot.cookie
    return f"{name}{source.capitalize()}", {"type": "apiKey", "in": source, "name": place}
