"""System checks of the URLs: path prefixes that match none of them, and permissions that are no classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import URLPattern, get_resolver
from django.urls.resolvers import LocalePrefixPattern, RegexPattern, RoutePattern

from privy_middleware import ConfigurationError
from privy_middleware.http.routes import ANYTHING_BELOW, unmatched

__all__ = ["unmatched_prefixes", "url_patterns", "wrong_permissions"]

_REST = "django_privy.rest_framework"
_SPECIAL = frozenset("\\[](){}.*+?|^$")


def unmatched_prefixes(prefixes: Sequence[str]) -> list[str]:
    """Return the path prefixes that match no URL of the project."""
    patterns = [template for template, _ in url_patterns()]
    served = [url for name in ("STATIC_URL", "MEDIA_URL") if (url := getattr(settings, name, None) or "").strip("/")]
    templates = [*patterns, *(url + ANYTHING_BELOW for url in served)] if patterns else []
    roots = {"", settings.FORCE_SCRIPT_NAME or ""}
    return unmatched(prefixes, [f"{root}/{template}" for root in roots for template in templates])


def wrong_permissions() -> Iterator[str]:
    """Yield the names of views of REST framework whose permissions are not classes."""
    for _, view in url_patterns():
        served: Any = getattr(view, "cls", None)
        if any(_is_no_class(each) for each in getattr(served, "permission_classes", None) or ()):
            yield f"{served.__module__}.{served.__qualname__}"


def _is_no_class(permission: Any) -> bool:
    """Return whether something in a list of permissions is an instance or a method of our permission class."""
    named = permission if hasattr(permission, "__func__") else type(permission)
    return not isinstance(permission, type) and named.__module__ == _REST


def url_patterns() -> list[tuple[str, Any]]:
    """Return the template of each URL with its view; empty if the URLs cannot be imported, which is reported anyway."""
    try:
        return list(_walk(get_resolver().url_patterns))
    except (ImproperlyConfigured, ImportError, AttributeError, ConfigurationError):
        return []


def _walk(patterns: Sequence[Any], base: str = "") -> Iterator[tuple[str, Any]]:
    for each in patterns:
        for part in _templates(each.pattern):
            if isinstance(each, URLPattern):
                yield base + part, each.callback
            else:
                yield from _walk(each.url_patterns, base + part)


def _templates(pattern: Any) -> Iterator[str]:
    """Yield the template or templates of a part of a URL."""
    if isinstance(pattern, RoutePattern):
        known = all(type(each).__module__ == "django.urls.converters" for each in pattern.converters.values())
        yield str(pattern) if known else ANYTHING_BELOW
    elif isinstance(pattern, LocalePrefixPattern):
        yield from ("", *(f"{code}/" for code, _ in settings.LANGUAGES))
    elif isinstance(pattern, RegexPattern):
        yield _of_regex(str(pattern).removeprefix("^"))
    else:
        yield ANYTHING_BELOW


def _of_regex(text: str) -> str:
    """Return the names that a regular expression begins with; what follows may match anything."""
    text = text.removesuffix("$").removesuffix("\\Z")
    plain = next((place for place, char in enumerate(text) if char in _SPECIAL), None)
    return text if plain is None else text[:plain].rpartition("/")[0] + ANYTHING_BELOW
