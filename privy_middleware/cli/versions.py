"""The installed versions, compared with the minimums in the metadata of the distribution."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator
from importlib import metadata

from privy_middleware.cli.output import Finding

__all__ = ["check_versions"]

_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*>=\s*([0-9.]+)")
_RELEASE = re.compile(r"[0-9]+(?:\.[0-9]+)*")


def check_versions() -> Iterator[Finding]:
    """Yield an error for each installed library that is too old, or else one finding with all versions."""
    about = metadata.metadata("privy-middleware")
    python = platform.python_version()
    required = [("Python", python, str(about["Requires-Python"]).removeprefix(">=")), *_installed()]
    old = [each for each in required if _release(each[1]) < _release(each[2])]
    for name, version, least in old:
        fix = f"upgrade it: pip install --upgrade {name}" if name != "Python" else "use a newer Python"
        yield Finding("error", "versions", f"{name} {version} is too old: at least {least} is needed", fix)
    if not old:
        text = ", ".join(f"{name} {version}" for name, version, _ in required)
        yield Finding("ok", "versions", f"privy-middleware {about['Version']}, {text}")


def _installed() -> list[tuple[str, str, str]]:
    """Return the name, the version and the minimum of each library that is required or supported, and installed."""
    least: dict[str, str] = {}
    for match in filter(None, map(_REQUIREMENT.match, metadata.requires("privy-middleware") or ())):
        least.setdefault(match[1], match[2])
    found = []
    for name, minimum in least.items():
        try:
            found.append((name, metadata.version(name), minimum))
        except metadata.PackageNotFoundError:
            # A library of an extra that is not installed.
            continue
    return found


def _release(version: str) -> tuple[int, ...]:
    match = _RELEASE.match(version)
    return tuple(int(part) for part in match[0].split(".")) if match else ()
