"""Detection of tokens where they must not be: an issuer that remembers its tokens, and a reader of all logs."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, ClassVar, Self

from privy_middleware.development import DevelopmentIssuer
from tests.support.tokens import runs_of

__all__ = ["MintingIssuer", "Watch", "leaks"]

_RUN = 10


class MintingIssuer(DevelopmentIssuer):
    """An issuer that remembers every token, of all its instances."""

    minted: ClassVar[list[str]] = []

    def identity_token(self, *args: Any, **kwargs: Any) -> str:
        """Issue an identity token."""
        return self._kept(super().identity_token(*args, **kwargs))

    def access_token(self, *args: Any, **kwargs: Any) -> str:
        """Issue an access token."""
        return self._kept(super().access_token(*args, **kwargs))

    def _kept(self, token: str) -> str:
        self.minted.append(token)
        return token


def leaks(text: str, tokens: Iterable[str]) -> set[str]:
    """Return the parts of tokens in a text: sequences of ten characters."""
    shown = set(runs_of(text, _RUN))
    return {run for token in tokens for run in runs_of(token, _RUN) if run in shown}


class Watch(logging.Handler):
    """Records all logs, with tracebacks and arguments, and compares them with all issued tokens at the end."""

    def __init__(self) -> None:
        """Start with all loggers and levels."""
        super().__init__(logging.DEBUG)
        self.text = ""

    def pardon(self, token: str) -> None:
        """Allow a framework to log a token that the test has put in a place for other values."""
        MintingIssuer.minted.remove(token)

    def __enter__(self) -> Self:
        """Start to record, and forget the tokens of earlier tests."""
        MintingIssuer.minted.clear()
        root = logging.getLogger()
        self._level = root.level
        root.setLevel(logging.DEBUG)
        root.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        """Compare the logs with the tokens."""
        root = logging.getLogger()
        root.removeHandler(self)
        root.setLevel(self._level)
        assert leaks(self.text, MintingIssuer.minted) == set()

    def emit(self, record: logging.LogRecord) -> None:
        """Record a log entry as in a log file, and with all attributes, as in an error tracker."""
        self.text += f"{self.format(record)}\n{vars(record)!r}\n"
