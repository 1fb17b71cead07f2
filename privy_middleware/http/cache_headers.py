"""Caching headers of a response that may depend on the user."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import AnyStr, Generic

__all__ = ["CacheHeaders", "PRIVATE", "has_content", "merge_vary"]

PRIVATE = "private, no-store"
"""``Cache-Control`` of a response to a request with a token, unless the app sets its own (RFC 9111 §3.5)."""


def has_content(status: int) -> bool:
    """Return whether a response has content: 1xx, 204 and 304 have none (RFC 9110 §6.4.1).

    A cache updates a stored response with the headers of a 304 (RFC 9111 §4.3.4), and would drop it for ``no-store``.
    So a response without content gets no caching headers unless it is known to depend on the user.
    """
    return status >= 200 and status not in (204, 304)


def merge_vary(values: Iterable[str], added: Iterable[str]) -> str:
    """Return one ``Vary`` value with everything in it once (RFC 9110 §12.5.5)."""
    return _merged(tuple(values), tuple(added))


# Nearly every response of an app has the same value.
@functools.lru_cache(maxsize=128)
def _merged(values: tuple[str, ...], added: tuple[str, ...]) -> str:
    names = {name.strip().lower(): name.strip() for value in values for name in value.split(",") if name.strip()}
    if "*" in names:
        return "*"
    for name in added:
        names.setdefault(name.lower(), name)
    return ", ".join(names.values())


class CacheHeaders(Generic[AnyStr]):
    """Add ``Vary``, and ``Cache-Control`` where the app has none, to the headers of a response, text or bytes."""

    __slots__ = ("_cache_control", "_merge", "_own", "_private", "_vary")

    def __init__(
        self,
        names: tuple[str, ...],
        encode: Callable[[str], AnyStr],
        decode: Callable[[AnyStr], str],
    ) -> None:
        """Create it for the header fields to vary on; the functions convert text to and from the server's type."""
        self._vary: AnyStr = encode("vary")
        self._cache_control: AnyStr = encode("cache-control")
        self._own: tuple[AnyStr, AnyStr] = (self._vary, encode(merge_vary((), names)))
        self._private: tuple[AnyStr, AnyStr] = (self._cache_control, encode(PRIVATE))

        def merge(values: Iterable[AnyStr]) -> tuple[AnyStr, AnyStr]:
            return self._vary, encode(merge_vary(map(decode, values), names))

        self._merge: Callable[[Iterable[AnyStr]], tuple[AnyStr, AnyStr]] = merge

    def add(self, headers: Iterable[tuple[AnyStr, AnyStr]], *, presented: bool) -> list[tuple[AnyStr, AnyStr]]:
        """Return the headers of the response to a request that ``presented`` a token, or did not."""
        kept: list[tuple[AnyStr, AnyStr]] = []
        vary: list[AnyStr] = []
        private = presented
        for name, value in headers:
            lowered = name.lower()
            if lowered == self._vary:
                vary.append(value)
                continue
            if lowered == self._cache_control:
                private = False
            kept.append((name, value))
        kept.append(self._merge(vary) if vary else self._own)
        if private:
            kept.append(self._private)
        return kept
