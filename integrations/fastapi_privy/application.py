"""Privy in a FastAPI app: middleware, answers and the OpenAPI document at once."""

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
    """Install Privy in a FastAPI app: ``Privy(app)`` after the app is made.

    Refusals have their documented bodies and headers instead of FastAPI's ``{"detail": …}``; to answer otherwise,
    register ``@app.exception_handler(AuthenticationError)`` or for any other class of refusal. The OpenAPI documents of
    the app and of those mounted in it show the security schemes and the refusals.
    """

    def prepare(self, app: Starlette) -> None:
        """Let an app answer refusals and document them; mounted apps are prepared by themselves at the start."""
        super().prepare(app)
        if isinstance(app, FastAPI):
            protects = self.gate.protects if app is self._app() else lambda *_: False
            # An attribute in the method's place is FastAPI's documented way to change the document.
            vars(app)["openapi"] = _Documented(app.openapi, self.gate.settings, protects)

    def check(self, app: Starlette) -> None:
        """Look for mistakes in the routes of an app, which are all there when it starts.

        Raises:
            ConfigurationError: when an endpoint is served without the guard that is written above its route, or takes
                from the request what was meant to be the user.
        """
        super().check(app)
        check_parameters(app.routes)


class _Documented:
    """Describe each document that the app generates, once."""

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
