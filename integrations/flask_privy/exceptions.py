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

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

__all__ = ["Answered", "PrivyHTTPException", "Raised", "to_answer", "to_raise"]


class PrivyHTTPException(HTTPException):
    """Answer with what the core says about a refusal; a subclass of Werkzeug's class for the status, too.

    ``error`` is the refusal. ``data`` is its JSON object, where extensions of Flask look for one.
    """

    def __init__(self, error: PrivyError) -> None:
        """Take the refusal."""
        super().__init__(error.message)
        self.error: PrivyError = error
        self.data: dict[str, str] = error.payload

    def get_body(self, environ: WSGIEnvironment | None = None, scope: dict[str, Any] | None = None) -> str:
        """Return the JSON body."""
        return self.error.body.decode()

    def get_headers(
        self, environ: WSGIEnvironment | None = None, scope: dict[str, Any] | None = None
    ) -> list[tuple[str, str]]:
        """Return the headers, content type and caching included."""
        return list(self.error.headers)


class Raised(PrivyHTTPException):
    """Be found before any other class of HTTP exception: the handlers for the core's classes are asked first."""


class Answered(Exception):
    """Be found after ``HTTPException`` and before ``Exception``: nobody else answers."""


def to_raise(error: PrivyError) -> PrivyHTTPException:
    """Return the exception that a view is left with."""
    return _class_of(error.status, Raised)(error)


def to_answer(error: PrivyError) -> PrivyHTTPException:
    """Return the exception that the app's handlers for HTTP exceptions are asked about."""
    return _class_of(error.status, PrivyHTTPException, HTTPException, Answered)(error)


@functools.cache
def _class_of(status: int, first: type[PrivyHTTPException], *last: type[Exception]) -> type[PrivyHTTPException]:
    known = default_exceptions.get(status, HTTPException)
    name = f"Privy{HTTPStatus(status).phrase.replace(' ', '')}"
    bases = dict.fromkeys((first, known, *last))
    made: Any = type(name, tuple(bases), {"code": status, "__module__": __name__})
    answered: type[PrivyHTTPException] = made
    return answered
