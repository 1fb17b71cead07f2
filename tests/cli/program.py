"""The command line in a program of its own, with the replacement for the state file."""

from __future__ import annotations

from privy_middleware.cli import main
from tests.cli import state_stand_in

if __name__ == "__main__":
    state_stand_in.install()
    main()
