"""The content of every app in these tests: handlers that record that they ran, and a directory of files."""

from __future__ import annotations

import re
import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

__all__ = [
    "ADDRESSES",
    "DIRECTORY",
    "EVERYTHING",
    "PAGES",
    "PREFIXES",
    "REST",
    "START",
    "SUB_PAGES",
    "Rules",
    "Seen",
    "served",
]

PAGES = (
    *("/", "/public", "/public/f", "/open", "/open/f", "/login", "/login/f", "/loginx", "/api"),
    *("/private", "/private/f", "/Caps/Two", "/Caps/Two/f", "/api/v2", "/api/v2/f", "/my-area", "/my-area/f"),
)
"""The handlers by path."""
SUB_PAGES = ("/private", "/private/f", "/open")
"""The handlers of an app that is mounted at ``/sub``, by their paths below it."""
REST = "/private/rest"
"""A handler for every path below this one."""
START = "/begins"
"""A handler for all paths that start with this text, in frameworks that compare only the start."""
FILES = ("f.txt", "open/f.txt", "private/f.txt")
ADDRESSES = (*PAGES, *(f"/sub{path}" for path in SUB_PAGES), f"{REST}/a/b", *(f"/static/{name}" for name in FILES))
"""The path of each handler and file."""


@dataclass(frozen=True)
class Rules:
    """The protected paths, and the handlers and files that are exempt."""

    protect: Sequence[str]
    exempt: Sequence[str] = ()
    login_url: str | None = None

    def opens(self, name: str, method: str) -> bool:
        """Return whether a handler or file needs no user."""
        if name == self.login_url:
            return method in ("GET", "HEAD")
        return _below(name, self.exempt) or not _below(name, self.protect)


def _below(name: str, prefixes: Sequence[str]) -> bool:
    return any(
        f"{name}/".startswith(prefix[:-1] if prefix.endswith("*") else f"{prefix.rstrip('/')}/") for prefix in prefixes
    )


PREFIXES = Rules(["/private", "/Caps/Two", "/api/v2/", "/sub/private", "/my-area", "/static/private", f"{START}*"])
EVERYTHING = Rules(["/"], ["/open", "/static/open"], "/login")


@dataclass
class Seen:
    """The names of the handlers that ran."""

    names: list[str] = field(default_factory=list)

    def run(self, name: str) -> bytes:
        """Record that a handler ran, and return its response."""
        self.names.append(name)
        return name.encode()


def _write_files(directory: Path) -> Path:
    for name in FILES:
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(f"<{_MARK}/static/{name}>")
    return directory


# Pages that contain the requested URL must not be mistaken for the file.
_MARK = secrets.token_hex(8)
_FILE = re.compile(rf"<{_MARK}([^>]*)>".encode())
DIRECTORY = _write_files(Path(tempfile.mkdtemp(prefix="privy-")))


def served(body: bytes) -> list[str]:
    """Return the paths of the files that a response contains."""
    return [name.decode() for name in _FILE.findall(body)]
