"""The command line: ``privy-middleware``, or ``python -m privy_middleware``."""

from __future__ import annotations

import sys
from importlib.util import find_spec

__all__ = ["main"]

_NEEDED = ("click", "rich")


def main() -> None:
    """Run the command line and end the program with its exit code; without the extra ``cli``, say how to install it."""
    if any(find_spec(name) is None for name in _NEEDED):
        sys.stderr.write('privy-middleware: the command line needs an extra: pip install "privy-middleware[cli]"\n')
        raise SystemExit(2)
    from privy_middleware.cli.application import run  # noqa: PLC0415 (it needs the extra)

    raise SystemExit(run())
