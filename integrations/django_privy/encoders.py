"""JSON with users, for ``JsonResponse``."""

from __future__ import annotations

from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from privy_middleware.plugin import to_plain

__all__ = ["PrivyJSONEncoder"]


class PrivyJSONEncoder(DjangoJSONEncoder):
    """Django's encoder, which also writes users, claims and accounts: ``JsonResponse(data, encoder=…)``."""

    def default(self, o: Any) -> Any:
        """Return the ``to_dict`` of a user, or what Django's encoder returns."""
        plain = to_plain(o)
        return super().default(o) if plain is o else plain
