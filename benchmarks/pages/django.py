"""The page in Django, with the middleware that a new project has."""

from __future__ import annotations

import functools
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.template import Context, Template
from django.urls import path

from benchmarks.pages import TEMPLATE, nobody
from django_privy import require_privy_user

__all__ = ["bare", "guarded"]

_MIDDLEWARE = (
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
)
_NOBODY = nobody()


def bare() -> Any:
    """Return the app without authentication."""
    return _app(lambda _request: _render(_NOBODY))


def guarded() -> Any:
    """Return the app with authentication."""
    return _app(require_privy_user(_users), "django_privy.middleware.PrivyMiddleware")


def _users(request: Any) -> HttpResponse:
    return _render(request.privy_user)


def _app(view: Any, *middleware: str) -> Any:
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        MIDDLEWARE=[*_MIDDLEWARE, *middleware],
        ROOT_URLCONF=(path("account", view),),
        SECRET_KEY="benchmark" * 6,
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    )
    return get_wsgi_application()


def _render(user: Any) -> HttpResponse:
    return HttpResponse(_page().render(Context({"user": user})))


# Templates can be compiled only once the settings are there.
@functools.cache
def _page() -> Template:
    return Template(TEMPLATE)
