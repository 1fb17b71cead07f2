"""Libraries for Node: a process that keeps running and measures its own time in each round."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.pairing import Candidate, Timer
from benchmarks.tokens import Bench

__all__ = ["OFFICIAL", "available", "peers"]

OFFICIAL = "Node: @privy-io/node, with the key imported once"
_NAMES = {
    "official": OFFICIAL,
    "officialFromPem": "Node: @privy-io/node, from PEM",
    "fastJwt": "Node: fast-jwt, without its cache",
    "fastJwtCached": "Node: fast-jwt, from its cache",
}
_PACKAGES = ("@privy-io/node", "fast-jwt")
_INSTALL_SECONDS = 300


def available() -> bool:
    """Return whether Node and npm are installed."""
    return shutil.which("node") is not None and shutil.which("npm") is not None


@contextmanager
def peers() -> Iterator[Peers]:
    """Install the packages in a temporary directory, and run a process that uses them."""
    with TemporaryDirectory(prefix="benchmark-node-") as folder:
        _install(folder)
        script = Path(shutil.copy(Path(__file__).with_name("node.mjs"), folder))
        pipe = subprocess.PIPE
        with subprocess.Popen(["node", str(script)], stdin=pipe, stdout=pipe, text=True) as process:
            try:
                yield Peers(process)
            finally:
                process.terminate()


def _install(folder: str) -> None:
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", f"--prefix={folder}"]
    command = ["npm", "install", *options, *_PACKAGES]
    subprocess.run(command, check=True, timeout=_INSTALL_SECONDS, stdout=subprocess.DEVNULL)


class Peers:
    """The Node packages as candidates.

    Attributes:
        versions: the versions of Node and of the packages.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Create the candidates of a process that runs ``node.mjs``."""
        self._process = process
        self.versions: dict[str, str] = self._ask({"ask": "versions"})["versions"]

    def candidates(self, bench: Bench, token: str) -> list[Candidate]:
        """Return the candidates that verify a token."""
        self._ask({"ask": "token", "token": token, "appId": bench.issuer.app_id, "pem": bench.issuer.public_key_pem})
        return [Candidate(name, self._timer(key)) for key, name in _NAMES.items()]

    def _timer(self, name: str) -> Timer:
        return lambda count: float(self._ask({"ask": "time", "name": name, "count": count})["seconds"])

    def _ask(self, question: dict[str, object]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer
