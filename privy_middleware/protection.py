"""Which paths require a user.

What is judged here and what the app routes may differ: a server decodes a path once, and a router or a file system
behind it may decode it again, drop ``;parameters``, merge slashes, or ignore case. So a path is protected as soon as
one way to read it is protected, and exempt only if there is no other way to read it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from urllib.parse import unquote

from privy_middleware.errors import ConfigurationError

__all__ = ["Protection", "is_plain"]

# Longer paths are protected unread, so that judging any path costs next to nothing.
_LONGEST = 1024
_LONGEST_ODD = 256
_MOST_ODD = 16
_MOST_DECODINGS = 4

# Control characters, which some programs drop, and what stands in for bytes that are not UTF-8.
_UNREADABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffd]")
# Apple's older file systems ignore these in names.
_IGNORED = re.compile(r"[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_SPACES = r"\xa0\u1680\u2000-\u200a\u202f\u205f\u3000"
_ODD = re.compile(rf"[%\\;?#{_SPACES}{_UNREADABLE.pattern[1:-1]}{_IGNORED.pattern[1:-1]}]")
# What is odd only next to a slash: empty, dot and padded names; and the streams of a file on Windows.
_ODD_PAIRS = ("//", "./", "/ ", " /", ":$")
_ODD_PARTS = ("%", "\\", ";", "?", "#", *_ODD_PAIRS)
# Parameters of a segment, a second query or fragment, and the streams of a file on Windows.
_CUT = re.compile(r"(?:[;?#]|:{1,2}\$)[^/]*")
_CLIMB = re.compile(r"(?<![^/])\s*\.\s*\.[\s.]*(?![^/])")


class Protection:
    """Match request paths against ``protect`` and ``exempt``, segment by segment.

    ``/api`` covers ``/api`` and everything below it, but not ``/apix``. A protected prefix is matched whatever the
    letters' case, and in every spelling that a router might take for it. An exempt prefix is matched exactly. Where a
    path cannot be read with certainty, it is protected: it climbs (``..``) or does not start with a slash, it is still
    percent-encoded after four decodings, it holds control characters or bytes that are not UTF-8, or it is longer than
    1,024 characters (256 where it is not plain).
    """

    __slots__ = ("_depth", "_exempt", "_protect")

    def __init__(self, protect: Sequence[str] = (), exempt: Sequence[str] = ()) -> None:
        """Take path prefixes; ``/`` protects every path, and exempts the root page alone.

        Raises:
            ConfigurationError: if a prefix is not a plain absolute path.
        """
        self._protect = tuple(_fold(prefix).rstrip("/") for prefix in _check(protect, "protect"))
        self._exempt = tuple(prefix.rstrip("/") or "/" for prefix in _check(exempt, "exempt"))
        self._depth = max((prefix.count("/") for prefix in self._protect), default=0)

    def __bool__(self) -> bool:
        """Return whether anything is protected at all."""
        return bool(self._protect)

    def covers(self, path: str) -> bool:
        """Return whether a request for ``path``, decoded once and without the query, requires a user."""
        if not self._protect:
            return False
        if len(path) > _LONGEST:
            return True
        if is_plain(path):
            return self._protects(_fold(path)) and not any(_below(path, prefix) for prefix in self._exempt)
        return any(map(self._protects, self._readings(path)))

    def _protects(self, folded: str) -> bool:
        return any(_below(folded, prefix) for prefix in self._protect)

    def _readings(self, path: str) -> Iterable[str]:
        """Return the starts of what a router might take the path for; where that is uncertain, what is protected.

        Undoing more than a router does is safe: no step changes a segment that a prefix can match.
        """
        path = "/" if path == "" else path
        decoded = _decode(path) if path.startswith("/") and len(path) <= _LONGEST_ODD else None
        names = None if decoded is None else _names(decoded, self._depth + 1)
        if names is None:
            return self._protect
        # A path that starts with two slashes may be read as a host and a path (RFC 3986 §4.2).
        starts = (names, names[1:]) if path[1:2] in ("/", "\\") else (names,)
        return [_fold("".join(f"/{name}" for name in start)) for start in starts]


def is_plain(path: str) -> bool:
    """Return whether a path can be read in one way only."""
    if not path.startswith("/") or _ODD.search(path) is not None:
        return False
    return not (path.endswith((".", " ")) or any(pair in path for pair in _ODD_PAIRS))


def _check(prefixes: Sequence[str], field: str) -> tuple[str, ...]:
    if isinstance(prefixes, str) or not isinstance(prefixes, Collection):
        raise ConfigurationError(field, 'give a list of path prefixes, as in ["/api"]')
    for prefix in prefixes:
        if not isinstance(prefix, str) or not is_plain(prefix) or "*" in prefix or len(prefix) > _LONGEST:
            raise ConfigurationError(field, 'each entry is a path prefix that starts with "/", without wildcards')
    return tuple(prefixes)


def _below(path: str, prefix: str) -> bool:
    return path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in ("", "/")


def _fold(path: str) -> str:
    """Return a path without the case of its letters, as a case-insensitive pattern of ``re`` compares them."""
    folded = path.casefold()
    # ``re.IGNORECASE`` takes both for an ordinary i, as ``casefold`` does not.
    return folded if folded.isascii() else folded.replace("i\u0307", "i").replace("\u0131", "i")


def _decode(path: str) -> str | None:
    """Return the path after as many percent-decodings as change it, ``None`` if four are not enough to read it."""
    # Decoding makes no more odd parts than it takes percent signs, so counting once bounds all that follows.
    if sum(map(path.count, _ODD_PARTS)) > _MOST_ODD:
        return None
    for _ in range(_MOST_DECODINGS):
        if "%" not in path or (decoded := unquote(path)) == path:
            break
        path = decoded
    else:
        if unquote(path) != path:
            return None
    return None if _UNREADABLE.search(path) else _IGNORED.sub("", path)


def _names(path: str, wanted: int) -> list[str] | None:
    """Return the names of the first ``wanted`` segments that have one, ``None`` if the path may climb."""
    path = path.replace("\\", "/")
    cut = _CUT.sub("", path)
    if _CLIMB.search(cut) or _CLIMB.search(path):
        return None
    segments = cut.split("/")
    # Names may be empty or end in dots and spaces, which Windows ignores.
    named = (name for name in (segment.strip().rstrip(". ") for segment in segments if segment) if name)
    return list(islice(named, wanted))
