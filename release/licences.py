"""List the licences of all packages of an environment; an unknown or a copyleft licence is an error.

Run it with the Python of an environment that has the project, its extras, and nothing else.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from importlib.metadata import Distribution, distributions

__all__ = ["licence", "main", "refused"]

ALLOWED = frozenset(
    {"0BSD", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "PSF-2.0", "Unlicense"}
)
# Packages with another licence, and why they can be used all the same.
EXCEPTIONS = {
    ("certifi", "MPL-2.0"): "copyleft for its own file only, a list of authorities that is used as it is",
}
_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
_TEXTS = {"MIT License": "MIT"}


def main() -> int:
    """Print a line for each package, and return 1 if a licence is refused."""
    found = sorted(
        {(each.name, each.version, licence(each)) for each in distributions()}, key=lambda row: row[0].lower()
    )
    for name, version, expression in found:
        print(f"{name:24} {version:14} {expression}")
    bad = [(name, expression) for name, _, expression in found if refused(name, expression)]
    for name, expression in bad:
        print(
            f"REFUSED: {name}: {expression} is unknown or copyleft; add it to release/licences.py only with a reason."
        )
    for (name, expression), reason in EXCEPTIONS.items():
        print(f"Exception: {name}, {expression}: {reason}.")
    print(f"{len(found)} packages, {len(bad)} refused.")
    return 1 if bad or len(found) <= 1 else 0


def licence(package: Distribution) -> str:
    """Return the licence of a package as an SPDX expression (PEP 639), or what its older metadata say."""
    if "License-Expression" in package.metadata:
        return package.metadata["License-Expression"]
    classifiers = package.metadata.get_all("Classifier") or []
    names = [each.split(" :: ")[-1] for each in classifiers if each.startswith("License :: ")]
    names = [_CLASSIFIERS.get(name, f"“{name}”") for name in names if name != "OSI Approved"]
    (text, *_) = (package.metadata.get_all("License") or [""])[0].strip().splitlines() or [""]
    return " AND ".join(names) or _TEXTS.get(text.strip(), text.strip()) or "unknown"


def refused(name: str, expression: str) -> bool:
    """Return whether any part of an expression is not allowed; for ``OR``, too, so that there is no choice to make."""
    parts: Sequence[str] = re.findall(r"[^\s()]+", expression)
    known = all(part in ALLOWED for part in parts if part not in ("AND", "OR"))
    return (not known or not parts) and (name.lower(), expression) not in EXCEPTIONS


if __name__ == "__main__":
    sys.exit(main())
