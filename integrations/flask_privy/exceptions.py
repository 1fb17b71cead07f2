"""A refusal as Werkzeug and Flask know it: an HTTP exception that carries its answer.

Flask looks for handlers of the status first, then along the classes of the exception. So that the more special
handler always wins, the app's handlers are asked in this order: for the status (``errorhandler(401)``), for the core's
classes (``errorhandler(AuthenticationError)``), for ``PrivyHTTPException``, for ``HTTPException``. Without any of them
the refusal is the answer itself. A handler for ``Exception`` is there for what nobody foresaw, and is not asked.
"""

from __future__ import annotations

import functools
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException, default_exceptions

from privy_middleware import PrivyError
from privy_middleware.plugin import Answer

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

__all__ = ["Answered", "PrivyHTTPException", "Raised", "to_answer", "to_raise"]


class PrivyHTTPException(HTTPException):
    """A refusal with its answer; also a subclass of Werkzeug's exception for the status.

    Attributes:
        error: the refusal.
        data: the JSON object of the answer, where extensions of Flask look for it.
    """

    def __init__(self, error: PrivyError, answer: Answer | None = None) -> None:
        """Create it for a refusal; ``answer`` is what the core's gate answers, by default what any does."""
        super().__init__(error.message)
        answer = answer or Answer.to(error)
        self.error: PrivyError = error
        self.data: dict[str, str] = dict(answer.payload)
        self._answer = answer

    def get_body(self, environ: WSGIEnvironment | None = None, scope: dict[str, Any] | None = None) -> str:
        """Return the JSON body."""
        return self._answer.body.decode()

    def get_headers(
        self, environ: WSGIEnvironment | None = None, scope: dict[str, Any] | None = None
    ) -> list[tuple[str, str]]:
        """Return the headers, content type and caching included."""
        return list(self._answer.headers)


class Raised(PrivyHTTPException):
    """Be found before any other class of HTTP exception: the handlers for the core's classes are asked first."""


class Answered(Exception):
    """Be found after ``HTTPException`` and before ``Exception``: nobody else answers."""


def to_raise(error: PrivyError, answer: Answer) -> PrivyHTTPException:
    """Return the exception that a view is left with."""
    return _class_of(answer.status, Raised)(error, answer)


def to_answer(error: PrivyError, answer: Answer) -> PrivyHTTPException:
    """Return the exception that the app's handlers for HTTP exceptions are asked about."""
    return _class_of(answer.status, PrivyHTTPException, HTTPException, Answered)(error, answer)


@functools.cache
def _class_of(status: int, first: type[PrivyHTTPException], *last: type[Exception]) -> type[PrivyHTTPException]:
    known = default_exceptions.get(status, HTTPException)
    name = f"Privy{HTTPStatus(status).phrase.replace(' ', '')}"
    bases = dict.fromkeys((first, known, *last))
    made: Any = type(name, tuple(bases), {"code": status, "__module__": __name__})
    answered: type[PrivyHTTPException] = made
    return answered
