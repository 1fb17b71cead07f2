"""Who looks out for tokens where none belong: an issuer that knows what it has minted, and a reader of every log."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, ClassVar, Self

from privy_middleware.development import DevelopmentIssuer
from tests.support.tokens import runs_of

__all__ = ["MintingIssuer", "Watch", "leaks"]

_RUN = 10


class MintingIssuer(DevelopmentIssuer):
    """Keep every token that any such issuer mints."""

    minted: ClassVar[list[str]] = []

    def identity_token(self, *args: Any, **kwargs: Any) -> str:
        """Mint an identity token."""
        return self._kept(super().identity_token(*args, **kwargs))

    def access_token(self, *args: Any, **kwargs: Any) -> str:
        """Mint an access token."""
        return self._kept(super().access_token(*args, **kwargs))

    def _kept(self, token: str) -> str:
        self.minted.append(token)
        return token


def leaks(text: str, tokens: Iterable[str]) -> set[str]:
    """Return what the text shows of tokens: runs of ten characters."""
    shown = set(runs_of(text, _RUN))
    return {run for token in tokens for run in runs_of(token, _RUN) if run in shown}


class Watch(logging.Handler):
    """Read all that is logged, with tracebacks and arguments, and compare it at the end with all that was minted."""

    def __init__(self) -> None:
        """Read everything."""
        super().__init__(logging.DEBUG)
        self.text = ""

    def pardon(self, token: str) -> None:
        """Let a framework show a token that the test has put where no token belongs."""
        MintingIssuer.minted.remove(token)

    def __enter__(self) -> Self:
        """Begin to read, and forget the tokens of former tests."""
        MintingIssuer.minted.clear()
        root = logging.getLogger()
        self._level = root.level
        root.setLevel(logging.DEBUG)
        root.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        """Compare."""
        root = logging.getLogger()
        root.removeHandler(self)
        root.setLevel(self._level)
        assert leaks(self.text, MintingIssuer.minted) == set()

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record as a log file shows it, and as an error tracker does, which has all its parts."""
        self.text += f"{self.format(record)}\n{vars(record)!r}\n"
