"""Configuration errors that show only while an ASGI server starts the app.

Starlette and FastAPI build their middleware at the first call of the app, which is the lifespan's. A server takes an
error in that call to mean that the app has no lifespan: it would start, and answer every request 500. So the error is
kept then, and sent as ``lifespan.startup.failed`` (ASGI lifespan protocol 2.0).
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, ParamSpec

from privy_middleware.gate import Gate
from privy_middleware.settings.hints import check_keywords

__all__ = ["fails_startup"]

_P = ParamSpec("_P")
_USAGE = 'is not an option of the middleware; give settings together, as in PrivyMiddleware(app, {"APP_ID": "…"})'


def fails_startup(construct: Callable[_P, None]) -> Callable[_P, None]:
    """Decorate the ``__init__`` of a middleware so that an error in it always stops the start of the app.

    In the lifespan call of an app the error is not raised, but kept in a gate that raises it at every use, first of all
    when the lifespan fetches the keys. Anywhere else it is raised at once. A keyword that ``__init__`` does not have
    is a ``ConfigurationError``.
    """
    options = inspect.signature(construct).parameters

    @functools.wraps(construct)
    def wrapped(*args: _P.args, **kwargs: _P.kwargs) -> None:
        try:
            check_keywords(kwargs, options.keys() - {"self"}, _USAGE)
            construct(*args, **kwargs)
        except Exception as error:
            if not _in_lifespan():
                raise
            middleware: Any
            middleware, app = args[:2]
            middleware.app = app
            middleware.gate = _Misconfigured(error)

    return wrapped


def _in_lifespan() -> bool:
    """Return whether the coroutine that runs this code is the lifespan call of an ASGI app, by its ``scope``.

    Nothing else tells such a build from a direct one: both may run in an event loop, in which servers import the app.
    """
    frame = inspect.currentframe()
    while frame is not None and not frame.f_code.co_flags & inspect.CO_COROUTINE:
        frame = frame.f_back
    scope = None if frame is None else frame.f_locals.get("scope")
    return isinstance(scope, Mapping) and scope.get("type") == "lifespan"


class _Misconfigured(Gate):
    """The replacement of a gate that could not be built; it raises the error at every use."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, _name: str) -> NoReturn:
        # The traceback would grow with every request, and keep frames alive.
        raise self._error.with_traceback(None)
