"""The settings of a Django project whose ``settings.PRIVY`` adds to wrong settings in the environment."""

from __future__ import annotations

from typing import Any

SECRET_KEY = "for the tests only"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tests.e2e.misconfigured_django"
INSTALLED_APPS = ["django_privy"]
MIDDLEWARE = ["django.middleware.csrf.CsrfViewMiddleware", "django_privy.middleware.PrivyMiddleware"]
PRIVY = {"PROTECT": ["/"]}
urlpatterns: list[Any] = []
