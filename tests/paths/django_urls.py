"""The routes in Django: exact ones, case-insensitive patterns with and without a trailing slash, and files."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path
from django.views.static import serve

from tests.paths.routes import DIRECTORY, PAGES, REST, SUB_PAGES, Seen

__all__ = ["SEEN", "urlpatterns"]

SEEN = Seen()
"""Django identifies a URLconf by the name of a module, so there is only one."""


def _view(name: str) -> Any:
    def view(request: HttpRequest, rest: str = "") -> HttpResponse:
        return HttpResponse(SEEN.run(name))

    return view


def _routes(at: str, name: str) -> list[Any]:
    return [path(at, _view(name)), re_path(f"(?i)^{re.escape(at)}/?$", _view(name))]


urlpatterns = [
    *(each for name in PAGES for each in _routes(name[1:], name)),
    path("private/slash/", _view("/private/slash")),
    path(f"{REST[1:]}/<path:rest>", _view(REST)),
    path("sub/", include([each for name in SUB_PAGES for each in _routes(name[1:], f"/sub{name}")])),
    path("static/<path:path>", serve, {"document_root": DIRECTORY}),
]
