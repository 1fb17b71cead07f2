"""Compare verification and requests with other libraries in the same run: ``nox -s bench``, with options after ``--``.

The names of sections select what is measured; without one, everything is.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks import goals, node, pictures, report
from benchmarks.sections import SECTIONS, Run

__all__ = ["main"]

_RESULTS = Path(__file__).with_name("results")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the results and save them."""
    options = _options(arguments)
    logging.disable(logging.CRITICAL)
    with ExitStack() as stack:
        wanted = node.available() and not options.no_node and "verification" in options.sections
        peers = stack.enter_context(node.peers()) if wanted else None
        run = Run(options.rounds, peers)
        rows = goals.with_goals([row for name in options.sections for row in SECTIONS[name](run)])
        versions = {} if peers is None else peers.versions
    machine = report.machine(options.rounds)
    print(f"{machine}\n\n{report.text(rows)}\n")
    print(f"saved as {report.save(_RESULTS, 'bench', rows, machine=machine, node=versions)}")
    if options.update:
        report.update(options.update, report.markdown(rows, machine), "bench")
        pictures.draw(rows, options.update.with_name("images"), machine)
    return goals.conclude(rows, options)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="nox -s bench --", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--rounds", type=int, default=60, help="how often each candidate is timed (60)")
    parser.add_argument("--no-node", action="store_true", help="skip the libraries that npm would install")
    goals.add_options(parser)
    options = parser.parse_args(arguments)
    if unknown := sorted({*options.sections} - {*SECTIONS}):
        parser.error(f"unknown sections: {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    if options.update and options.sections:
        parser.error("--update needs all sections")
    options.sections = options.sections or list(SECTIONS)
    return options


if __name__ == "__main__":
    sys.exit(main())
