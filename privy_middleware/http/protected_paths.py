"""Which paths require a user.

The app may read a path in another way than we do: a server decodes it once, and a router or a file system may decode it
again, drop ``;parameters``, merge slashes, ignore case, or take the rest of a path for an absolute one. So a path is
protected if any way to read it is protected, and exempt only if there is no other way to read it.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from urllib.parse import unquote

from privy_middleware.errors import ConfigurationError

__all__ = ["Protection", "is_plain"]

# Longer paths are protected without being read, so that no path takes long.
_LONGEST = 1024
_LONGEST_BEYOND_ASCII = 512
_LONGEST_ODD = 256
_MOST_ODD = 16
_MOST_DECODINGS = 4

# Control characters, which some programs drop, and the replacements of bytes that are not UTF-8.
_UNREADABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffd]")
# Apple's older file systems ignore these in names.
_IGNORED = re.compile(r"[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_ODD_CHARS = ("%", "\\", ";", "?", "#", "\ufffd", "//")
# These are odd next to a slash (dots, padding, what marks a view in Pyramid), and the streams of a file on Windows.
_ODD_PAIRS = ("./", "/ ", " /", "/@@", ":$")
# A drive or a root of Windows: joined to a directory, it replaces the directory.
_DRIVE = re.compile(r"(?<![^/\\])[A-Za-z]:")
_RESTART = re.compile(rf"{_DRIVE.pattern}\\?|(?<=[/\\])\\")
# Parameters of a segment, a second query or fragment, and the streams of a file on Windows.
_CUT = re.compile(r"(?:[;?#]|:{1,2}\$)[^/]*")
_CLIMB = re.compile(r"(?<![^/])\s*\.\s*\.[\s.]*(?![^/])")
# Programs drop these around a name: spaces, the mark of a view, and on Windows dots at the end.
_PADDING = re.compile(r"(?<![^/])(?:\s|@@)+|[\s.]+(?![^/])")
_PUNCTUATION = re.compile(r"[!-.:-@[-`{-~]")
_NEVER_SHORTENED = re.compile(r"[a-z0-9_-]{1,8}")
_END = "(?![^/])"
# CherryPy calls a handler of this name if no other is found, and also by this name.
_FALLBACK = "(?:/+default)?"


class Protection:
    """Match request paths against ``protect`` and ``exempt``, segment by segment.

    ``/api`` covers ``/api`` and everything below it, but not ``/apix``; ``/api*`` covers that too, for routers that
    compare only the first characters. A protected prefix is matched regardless of case, and in every spelling that a
    router might accept. An exempt prefix is matched exactly.

    A path that cannot be read with certainty is protected: it has a ``..`` segment, it does not start with a slash, it
    is still percent-encoded after four decodings, it has control characters or bytes that are not UTF-8, or it is
    longer than 1,024 characters (512 if they are not all ASCII, 256 if it is not plain).
    """

    __slots__ = ("_absolute", "_exempt", "_reach", "_rooted", "_whole")

    def __init__(self, protect: Sequence[str] = (), exempt: Sequence[str] = ()) -> None:
        """Create it from path prefixes; ``/`` protects every path, and exempts only the root page.

        Raises:
            ConfigurationError: if a prefix is not a plain absolute path.
        """
        prefixes = _check(protect, "protect")
        names = [_names(prefix) for prefix in prefixes]
        self._whole = _any_of(map(_whole, names)) if prefixes else None
        self._absolute = _any_of(way for each in names for way in _absolute(each))
        self._rooted = _any_of(way for each in names for way in _rooted(each))
        # A letter may take two characters in a path, and a name 13 more on Windows and 8 in CherryPy.
        self._reach = max((2 * len(prefix) + 21 * (prefix.count("/") + 1) for prefix in prefixes), default=0)
        self._exempt = tuple(prefix.rstrip("/") or "/" for prefix in _check(exempt, "exempt"))

    def __bool__(self) -> bool:
        """Return whether anything is protected at all."""
        return self._whole is not None

    def covers(self, path: str) -> bool:
        """Return whether a request for ``path``, decoded once and without the query, requires a user."""
        if self._whole is None:
            return False
        if len(path) > (_LONGEST if path.isascii() else _LONGEST_BEYOND_ASCII):
            return True
        if is_plain(path):
            folded = _fold(path[: self._reach])
            covered = bool(self._whole.match(folded)) and not any(_below(path, each) for each in self._exempt)
        else:
            covered = self._may_cover(path or "/", self._whole)
        return covered or any(map(self.covers, _decoded_again(path)))

    def _may_cover(self, path: str, whole: re.Pattern[str]) -> bool:
        undone = _undone(path)
        if undone is None:
            return True
        folded = _fold(undone)
        _, found, rest = folded.partition("\0")
        # CherryPy takes any punctuation in a name for an underscore, including what is undone here.
        return bool(
            whole.match(folded)
            or whole.match(_fold(path))
            or self._absolute.match(folded)
            or (found and self._rooted.match(rest))
        )


def is_plain(path: str) -> bool:
    """Return whether a path can be read in one way only."""
    if not path.startswith("/") or path.endswith((".", " ")) or not path.isprintable():
        return False
    if any(map(path.__contains__, _ODD_CHARS)):
        return False
    # Searching for two characters takes much longer than for one, and most paths need not be searched.
    if not any(map(path.__contains__, ". @:")):
        return True
    return not any(map(path.__contains__, _ODD_PAIRS)) and not (":" in path and _DRIVE.search(path))


def _check(prefixes: Sequence[str], field: str) -> tuple[str, ...]:
    if isinstance(prefixes, str) or not isinstance(prefixes, Collection):
        raise ConfigurationError(field, 'give a list of path prefixes, as in ["/api"]')
    for prefix in prefixes:
        if not isinstance(prefix, str) or not is_plain(prefix) or len(prefix) > _LONGEST:
            raise ConfigurationError(field, _fix_of(prefix))
        if "*" in prefix and (field == "exempt" or prefix.endswith("/*") or prefix.index("*") < len(prefix) - 1):
            hint = '"/api" covers every path below it, and "/api*", in protect only, every path that starts with "/api"'
            raise ConfigurationError(field, f"wildcards are not supported: {hint}")
    return tuple(prefixes)


def _fix_of(prefix: object) -> str:
    """Return what to do about an entry that is not a path prefix."""
    fix = 'each entry must be a path prefix that starts with "/"'
    if not isinstance(prefix, str) or not prefix.isprintable():
        return fix
    fix = f'{fix}, and "{prefix}" is not one'
    if "://" in prefix:
        return f"{fix}: give only the path of a URL"
    if "?" in prefix or "#" in prefix:
        return f"{fix}: give the path without a query"
    return fix if prefix.startswith("/") or not is_plain(f"/{prefix}") else f'{fix}: write "/{prefix}"'


def _names(prefix: str) -> list[str]:
    """Return patterns for the names of a prefix, of which the last ends with its segment unless there is a ``*``."""
    names = [_spelled(name) for name in _fold(prefix).rstrip("*").split("/") if name]
    return names if not names or prefix.endswith("*") else [*names[:-1], names[-1] + _END]


def _spelled(name: str) -> str:
    """Return a pattern for a name of a prefix, with any punctuation for its own, and for its short name on Windows."""
    spelled = "".join(_PUNCTUATION.pattern if char in string.punctuation else re.escape(char) for char in name)
    if _NEVER_SHORTENED.fullmatch(name):
        return spelled
    start = re.sub("[^a-z0-9].*", "", name)[:2]
    return rf"(?:{spelled}|{start}[^/~]{{0,6}}~[0-9][^/]*)"


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


def _whole(names: Sequence[str]) -> str:
    return "".join(f"{_FALLBACK}/+{name}" for name in names)


def _absolute(names: Sequence[str]) -> Iterator[str]:
    """Yield patterns of where a prefix leads if a router takes what follows an empty name for the path of a file.

    ``os.path.join(directory, rest)`` forgets the directory if the rest is absolute, so the directory's own names, which
    may be any, come between.
    """
    for place in range(len(names)):
        yield "".join(f"/+{name}" for name in names[:place]) + f"//(?:.*/)?{'/+'.join(names[place:])}"


def _rooted(names: Sequence[str]) -> Iterator[str]:
    """Yield patterns of what may follow a drive or root of Windows, with anything before it."""
    for place in range(len(names)):
        yield f"(?:.*/)?{'/+'.join(names[place:])}"


def _below(path: str, prefix: str) -> bool:
    return path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in ("", "/")


def _fold(path: str) -> str:
    """Return a path without the case of its letters, as a case-insensitive pattern of ``re`` compares them.

    Accents are letters of their own, as Apple's file systems take them.
    """
    folded = path.casefold()
    if folded.isascii():
        return folded
    # ``re.IGNORECASE`` takes both for an ordinary i, as ``casefold`` does not.
    return unicodedata.normalize("NFD", folded).replace("i\u0307", "i").replace("\u0131", "i")


def _undone(path: str) -> str | None:
    """Return the path after everything that a router or a file system might undo, ``None`` if that is uncertain.

    Undoing more than a router does is safe: no step changes a segment that a prefix can match. An empty name stays
    empty, and a drive or root of Windows becomes a name of its own.
    """
    decoded = _decoded(path) if path.startswith("/") and len(path) <= _LONGEST_ODD else None
    if decoded is None:
        return None
    cut = _CUT.sub("", _RESTART.sub("\0/", decoded).replace("\\", "/"))
    # A name may consist of padding only, of which nothing is left.
    return None if _CLIMB.search(cut) else _PADDING.sub("", cut)


def _decoded(path: str) -> str | None:
    """Return the path after as many percent-decodings as change it, ``None`` if four are not enough to read it."""
    # Decoding a percent sign makes at most one odd part, so this one count limits everything that follows.
    if sum(map(path.count, (*_ODD_CHARS, *_ODD_PAIRS))) > _MOST_ODD:
        return None
    for _ in range(_MOST_DECODINGS):
        if "%" not in path or (decoded := unquote(path)) == path:
            break
        path = decoded
    else:
        if unquote(path) != path:
            return None
    return None if _UNREADABLE.search(path) else _IGNORED.sub("", path)


def _decoded_again(path: str) -> Iterator[str]:
    """Yield the path as Bottle reads it for a mounted app: its characters are bytes, decoded as UTF-8."""
    if not path.isascii():
        try:
            yield path.encode("latin-1").decode("utf-8", "ignore")
        except UnicodeEncodeError:
            return
