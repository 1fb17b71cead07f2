"""The settings of the Django tests, with everything that a project may install in addition to the plugin."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

SECRET_KEY = "for the tests only, and nothing but the tests, since everybody knows it"
ROOT_URLCONF = "tests.django_urls"
ALLOWED_HOSTS = ["*"]
USE_TZ = True
STATIC_URL = "static/"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "rest_framework",
    "drf_spectacular",
    "django_privy",
    "django_privy.accounts",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_privy.middleware.PrivyMiddleware",
]
AUTHENTICATION_BACKENDS = ["django_privy.backends.PrivyBackend", "django.contrib.auth.backends.ModelBackend"]
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
# A file, because threads cannot share a database in memory.
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": ":memory:",
        "OPTIONS": {"timeout": 120, "transaction_mode": "IMMEDIATE"},
        "TEST": {"NAME": str(Path(tempfile.gettempdir(), f"django-privy-{os.getpid()}.sqlite3"))},
    }
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"}
# There is no server at this address: tests that need keys set their own.
PRIVY = {"APP_ID": "app-of-the-tests", "JWKS_URL": "http://127.0.0.1:9/jwks.json"}
