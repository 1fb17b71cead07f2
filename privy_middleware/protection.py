"""Which paths require a user."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Sequence
from urllib.parse import unquote

from privy_middleware.errors import ConfigurationError

__all__ = ["Protection"]

_ODD = frozenset("%\\;?#")
_CUT = re.compile("[;?#\0]")


class Protection:
    """Match request paths against ``protect`` and ``exempt``, segment by segment.

    ``/api`` covers ``/api`` and all below it, never ``/apix``. What is protected is matched in every spelling that a
    router might fold into it (doubled slashes, dot segments, backslashes, letter case, further percent-encodings);
    what is exempt is matched in its plain spelling only. So a tricky path is protected, not exempt.
    """

    __slots__ = ("_exempt", "_protect")

    def __init__(self, protect: Sequence[str] = (), exempt: Sequence[str] = ()) -> None:
        """Take path prefixes; ``/`` protects every path, and exempts the root page alone.

        Raises:
            ConfigurationError: when a prefix is not a plain absolute path.
        """
        self._protect = tuple(prefix.casefold().rstrip("/") for prefix in _check(protect, "protect"))
        self._exempt = tuple(prefix.rstrip("/") or "/" for prefix in _check(exempt, "exempt"))

    def __bool__(self) -> bool:
        """Say whether anything is protected at all."""
        return bool(self._protect)

    def covers(self, path: str) -> bool:
        """Say whether a request for ``path``, decoded once and without the query, requires a user."""
        if not self._protect or not self._protects(path):
            return False
        return not _is_plain(path) or not any(_below(path, prefix) for prefix in self._exempt)

    def _protects(self, path: str) -> bool:
        return any(_below(spelling, prefix) for spelling in _spellings(path) for prefix in self._protect)


def _check(prefixes: Sequence[str], field: str) -> tuple[str, ...]:
    if isinstance(prefixes, str) or not isinstance(prefixes, Collection):
        raise ConfigurationError(field, 'give a list of path prefixes, as in ["/api"]')
    for prefix in prefixes:
        if not isinstance(prefix, str) or not _is_plain(prefix) or "*" in prefix:
            raise ConfigurationError(field, 'each entry is a path prefix that starts with "/", without wildcards')
    return tuple(prefixes)


def _below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(f"{prefix}/")


def _is_plain(path: str) -> bool:
    """Say whether no router can read the path as another one."""
    if not path.isprintable() or not path.startswith("/") or not _ODD.isdisjoint(path) or "//" in path:
        return False
    return not any(segment in {".", ".."} or segment != segment.strip() for segment in path.split("/"))


def _spellings(path: str) -> tuple[str, ...]:
    """Return every path that a router might take this one for, in lower case and without a final slash."""
    lowered = path.casefold()
    if _is_plain(path):
        return (lowered.rstrip("/"),)
    stages = [lowered]
    while (decoded := unquote(stages[-1])) != stages[-1]:
        stages.append(decoded)
    folded = (_fold(stage, dots=dots) for stage in stages for dots in (True, False))
    return lowered.rstrip("/"), *folded


def _fold(path: str, *, dots: bool) -> str:
    segments = path.replace("\\", "/").split("/")
    names = [_CUT.split(segment, maxsplit=1)[0].strip() for segment in segments]
    folded = "/" + "/".join(name for name in names if name)
    return posixpath.normpath(folded).rstrip("/") if dots else folded.rstrip("/")
