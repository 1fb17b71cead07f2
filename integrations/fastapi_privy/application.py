"""Privy in a FastAPI app: the middleware, the error responses and the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from starlette.applications import Starlette

from fastapi_privy import starlette
from fastapi_privy.checks import check_parameters
from fastapi_privy.openapi import describe
from privy_middleware.config import RequestSettings

__all__ = ["Privy"]


class Privy(starlette.Privy):
    """Privy in a FastAPI app: ``Privy(app)`` installs it, after the app is created.

    Error responses have the documented bodies and headers instead of FastAPI's ``{"detail": …}``. To change them,
    register an ``@app.exception_handler`` for ``AuthenticationError`` or another error class. The OpenAPI documents of
    the app and of mounted apps describe the security schemes and the error responses.

    Attributes:
        gate: decides about requests.
    """

    def prepare(self, app: Starlette) -> None:
        """Add the error responses to an app and its OpenAPI document; mounted apps are prepared at startup."""
        super().prepare(app)
        if isinstance(app, FastAPI):
            protects = self.gate.protects if app is self._app() else lambda *_: False
            # FastAPI's documentation recommends replacing the method to change the document.
            vars(app)["openapi"] = _Documented(app.openapi, self.gate.settings, protects)

    def check(self, app: Starlette) -> None:
        """Check the routes of an app; called at startup, when all routes are registered.

        Raises:
            ConfigurationError: if a decorator above an endpoint's route has no effect, or if FastAPI would read a
                parameter for the user from the request.
        """
        super().check(app)
        check_parameters(app.routes)


class _Documented:
    """A replacement for ``app.openapi`` that adds to each document what the app needs, once."""

    def __init__(
        self, generate: Callable[[], dict[str, Any]], settings: RequestSettings, protects: Callable[[str, str], bool]
    ) -> None:
        self._generate = generate
        self._settings = settings
        self._protects = protects
        self._described: dict[str, Any] | None = None

    def __call__(self) -> dict[str, Any]:
        schema = self._generate()
        if schema is not self._described:
            self._described = describe(schema, self._settings, self._protects)
        return schema
