"""Responses of our own, in place of the app's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from privy_middleware.errors import PrivyError
from privy_middleware.http.cache_headers import has_content

__all__ = ["Answer"]


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response of our own, in terms that every framework has.

    Attributes:
        status: the status code.
        headers: names and values, without ``Content-Length``.
        body: the body, JSON in UTF-8; empty where the status allows none.
        payload: the JSON object in the body, for frameworks that write it themselves.
        close_code: what closes a WebSocket where no HTTP response can be sent (RFC 6455 §7.4.1).
        close_reason: the words that go with it.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    payload: Mapping[str, str] = field(default_factory=dict)
    close_code: int = 1008
    close_reason: str = ""

    @classmethod
    def to(cls, error: PrivyError) -> Self:
        """Return the answer to a refusal.

        Raises:
            PrivyError: the error itself, if it is not a refusal but a mistake in the app, such as a wrong setting.
        """
        if error.status == PrivyError.status:
            raise error
        # The traceback would keep frames, and with them the token, alive wherever the refusal is kept.
        error.without_traces()
        return cls(error.status, error.headers, error.body, error.payload, error.close_code, error.message)

    @property
    def headers_with_length(self) -> list[tuple[str, str]]:
        """Return the headers and ``Content-Length``, which a response without content must not have (RFC 9110 §8.6)."""
        length = [("Content-Length", str(len(self.body)))] if has_content(self.status) else []
        return [*self.headers, *length]
