"""How an answer that may depend on the user says so to caches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["PRIVATE", "merge_vary"]

PRIVATE = "private, no-store"
"""``Cache-Control`` of an answer to a request with a token, unless the app set its own (RFC 9111 §3.5)."""


def merge_vary(values: Iterable[str], added: Sequence[str]) -> str:
    """Return one ``Vary`` value with everything in it once (RFC 9110 §12.5.5)."""
    names = {name.strip().lower(): name.strip() for value in values for name in value.split(",") if name.strip()}
    if "*" in names:
        return "*"
    for name in added:
        names.setdefault(name.lower(), name)
    return ", ".join(names.values())
