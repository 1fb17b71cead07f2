"""How the most tolerant router reads a path."""

from __future__ import annotations

from urllib.parse import unquote

__all__ = ["folded"]


def folded(path: str) -> str:
    """Return the path as the most tolerant router would read it."""
    for _ in range(len(path)):
        path = unquote(path)
    names: list[str] = []
    for segment in path.lower().replace("\\", "/").split("/"):
        name = segment.partition(";")[0].strip()
        if name == "..":
            names = names[:-1]
        elif name not in ("", "."):
            names.append(name)
    return "/" + "/".join(names)
