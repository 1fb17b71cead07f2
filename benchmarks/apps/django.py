"""Django and REST framework: this library, PyJWT in a decorator, and simplejwt.

All apps share one process and one set of settings, so the request class of each app has its own URLconf.
"""

from __future__ import annotations

import functools
import importlib
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpRequest, JsonResponse
from django.test import override_settings
from django.urls import path

import django_privy
from benchmarks.apps.contender import Contender, Stack, bare, nothing, ours, peer
from benchmarks.apps.verifying import Failed, Verify, pyjwt
from benchmarks.sending import LOOKING, PATH, App
from benchmarks.tokens import ISSUER, USER, Bench
from privy_middleware import PrivyConfig

__all__ = ["handler", "rest_framework", "stack"]

_PRIVY = "django_privy.middleware.PrivyMiddleware"


def stack(bench: Bench, config: PrivyConfig) -> Stack:
    """Return the apps of Django."""
    _configure(bench, config)
    by_hand = peer("PyJWT by hand", handler(_by_hand(pyjwt(bench))))
    return Stack(bare(handler(_nobody)), [_ours(), _nothing(), by_hand], "wsgi")


def rest_framework(bench: Bench, config: PrivyConfig) -> Stack:
    """Return the apps of REST framework."""
    _configure(bench, config)
    # REST framework reads the settings when it is imported.
    views = importlib.import_module("benchmarks.apps.rest_framework")
    contenders = [
        ours(handler(views.Ours.as_view(), _PRIVY, looking=views.Looking.as_view())),
        peer("simplejwt", handler(views.SimpleJWT.as_view())),
    ]
    return Stack(bare(handler(views.Bare.as_view())), contenders, "wsgi")


def _configure(bench: Bench, config: PrivyConfig) -> None:
    if settings.configured:
        return
    settings.configure(
        ALLOWED_HOSTS=["*"],
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework", "django_privy"],
        PRIVY=config,
        ROOT_URLCONF=(),
        SECRET_KEY="benchmark" * 6,
        REST_FRAMEWORK={"DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"]},
        SIMPLE_JWT={
            "ALGORITHM": "ES256",
            "VERIFYING_KEY": bench.issuer.public_key_pem,
            "AUDIENCE": bench.issuer.app_id,
            "ISSUER": ISSUER,
            "USER_ID_CLAIM": "sub",
            # Privy's tokens have neither.
            "TOKEN_TYPE_CLAIM": None,
            "JTI_CLAIM": None,
        },
    )
    django.setup()


def handler(view: App, *middleware: str, looking: App | None = None) -> App:
    """Return a WSGI app with these middleware and a view, and another one that uses the accounts."""
    views = {PATH: view} if looking is None else {PATH: view, LOOKING: looking}
    urlconf = tuple(path(route.removeprefix("/"), each) for route, each in views.items())
    with override_settings(MIDDLEWARE=list(middleware)):
        app = WSGIHandler()
    app.request_class = type("Request", (WSGIRequest,), {"urlconf": urlconf})
    return app


def _nobody(_request: HttpRequest) -> JsonResponse:
    return JsonResponse({"user": USER})


def no_middleware(get_response: App) -> App:
    """Return a middleware that does nothing."""

    def middleware(request: HttpRequest) -> Any:
        return get_response(request)

    return middleware


def _ours() -> Contender:
    @django_privy.require_privy_user
    def page(request: Any) -> JsonResponse:
        return JsonResponse({"user": request.privy_user.id})

    @django_privy.require_privy_user
    def accounts(request: Any) -> JsonResponse:
        assert request.privy_user.linked_accounts
        return JsonResponse({"user": request.privy_user.id})

    return ours(handler(page, _PRIVY, looking=accounts))


def _nothing() -> Contender:
    @functools.wraps(_nobody)
    def page(request: HttpRequest) -> JsonResponse:
        return _nobody(request)

    return nothing(handler(page, f"{__name__}.no_middleware"))


def _by_hand(verify: Verify) -> App:
    def required(view: App) -> App:
        @functools.wraps(view)
        def wrapper(request: HttpRequest) -> Any:
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            if scheme.lower() != "bearer":
                return JsonResponse({"detail": "Unauthorized"}, status=401)
            try:
                claims = verify(token)
            except Failed:
                return JsonResponse({"detail": "Invalid token"}, status=401)
            return view(request, claims)

        return wrapper

    @required
    def page(_request: HttpRequest, claims: dict[str, Any]) -> JsonResponse:
        return JsonResponse({"user": claims["sub"]})

    return page
