"""Requests to the app that a section of the documentation defines, with its framework's own test client."""

from __future__ import annotations

import inspect
import types
from collections.abc import Mapping
from typing import Any

from django.test import Client as DjangoClient
from django.urls import path as django_path
from flask import Flask
from starlette.testclient import TestClient
from werkzeug.test import Client as WSGIClient

from tests.docs.pages import Section


def request(section: Section, path: str, headers: Mapping[str, str], body: bytes | None = None) -> tuple[int, bytes]:
    """Send a ``GET``, or with a body a ``POST``, and return the status and the body of the response."""
    method = "GET" if body is None else "POST"
    if section.settings:
        with section.configured(ROOT_URLCONF=_urls(section, path)):
            answer: Any = DjangoClient(enforce_csrf_checks=True).generic(method, path, body or b"", headers=headers)
        return answer.status_code, answer.content
    app = section.names["app"]
    if isinstance(app, Flask) or not _is_asgi(app):
        client = app.test_client() if isinstance(app, Flask) else WSGIClient(app)
        answer = client.open(path, method=method, headers=dict(headers), data=body)
        return answer.status_code, answer.get_data()
    answer = TestClient(app).request(method, path, headers=dict(headers), content=body)
    return answer.status_code, answer.content


def _is_asgi(app: Any) -> bool:
    return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(type(app).__call__)


def _urls(section: Section, path: str) -> Any:
    urls: Any = types.ModuleType("urls")
    names = section.names
    urls.urlpatterns = names["urlpatterns"] if "urlpatterns" in names else [django_path(path[1:], names["me"])]
    return urls
