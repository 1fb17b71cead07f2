"""Requests of a person who navigates in a browser, as opposed to API calls (W3C Fetch Metadata §2.2)."""

from __future__ import annotations

from privy_middleware.http.request import Request

__all__ = ["is_form", "is_navigation", "is_visit"]

_FORM_TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})


def is_navigation(request: Request) -> bool:
    """Return whether a browser visits a page or submits a form, so that a person sees the response."""
    return is_visit(request) or is_form(request)


def is_visit(request: Request) -> bool:
    """Return whether a browser visits a page."""
    modes = set(request.values("sec-fetch-mode"))
    return request.method in ("GET", "HEAD") and modes <= {"navigate"} and _accepts_html(request)


def is_form(request: Request) -> bool:
    """Return whether a browser submits a form; one that does not say so is known by what it sends and accepts."""
    if request.method != "POST":
        return False
    modes = set(request.values("sec-fetch-mode"))
    if modes:
        return modes == {"navigate"}
    types = {value.partition(";")[0].strip().lower() for value in request.values("content-type")}
    return _accepts_html(request) and bool(types) and types <= _FORM_TYPES


def _accepts_html(request: Request) -> bool:
    ranges = (part for value in request.values("accept") for part in value.split(","))
    return any(part.partition(";")[0].strip().lower() == "text/html" for part in ranges)
