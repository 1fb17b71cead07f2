"""Werkzeug HTTP exceptions for rejected requests, which contain the error response.

Flask looks for an error handler by status first, then by the classes of the exception. To make sure that the most
specific handler is used, the app's handlers are tried in this order: for the status (``errorhandler(401)``), for the
core's classes (``errorhandler(AuthenticationError)``), for ``PrivyHTTPException``, for ``HTTPException``. If there is
none, the exception's own response is sent. A handler for ``Exception`` is meant for unexpected errors and is not used.
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
    """An HTTP exception for a rejected request; instances are also instances of Werkzeug's class for the status.

    Attributes:
        error: the error that says why the request was rejected.
        data: the JSON object of the error response; some Flask extensions read this attribute.
    """

    def __init__(self, error: PrivyError, answer: Answer | None = None) -> None:
        """Create the exception for an error; ``answer`` is the error response, by default that of ``error``."""
        super().__init__(error.message)
        answer = answer or Answer.to(error)
        self.error: PrivyError = error
        self.data: dict[str, Any] = dict(answer.payload)
        self._answer = answer

    def get_body(self, environ: WSGIEnvironment | None = None, scope: dict[str, Any] | None = None) -> str:
        """Return the JSON body."""
        return self._answer.body.decode()

    def get_headers(
        self, environ: WSGIEnvironment | None = None, scope: dict[str, Any] | None = None
    ) -> list[tuple[str, str]]:
        """Return the headers, including ``Content-Type`` and ``Cache-Control``."""
        return list(self._answer.headers)


class Raised(PrivyHTTPException):
    """A ``PrivyHTTPException`` for which the handlers of the core's error classes are tried first."""


class Answered(Exception):
    """A base class whose handler is used after that for ``HTTPException``, and before that for ``Exception``."""


def to_raise(error: PrivyError, answer: Answer) -> PrivyHTTPException:
    """Return the exception that a view raises."""
    return _class_of(answer.status, Raised)(error, answer)


def to_answer(error: PrivyError, answer: Answer) -> PrivyHTTPException:
    """Return the exception that is passed to the app's handlers for HTTP exceptions."""
    return _class_of(answer.status, PrivyHTTPException, HTTPException, Answered)(error, answer)


@functools.cache
def _class_of(status: int, first: type[PrivyHTTPException], *last: type[Exception]) -> type[PrivyHTTPException]:
    known = default_exceptions.get(status, HTTPException)
    name = f"Privy{HTTPStatus(status).phrase.replace(' ', '')}"
    bases = dict.fromkeys((first, known, *last))
    made: Any = type(name, tuple(bases), {"code": status, "__module__": __name__})
    answered: type[PrivyHTTPException] = made
    return answered
