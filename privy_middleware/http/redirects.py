"""Redirects for pages that a browser navigates to, instead of a 401.

A server cannot refresh a Privy session, but a page in the browser can. An API call always gets a 401.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, urlsplit

from privy_middleware.errors import LoginRequired, PageRedirect, RefreshRequired
from privy_middleware.http.cookies import cookie_values
from privy_middleware.http.request import Request

__all__ = ["page_redirect"]

_SESSION_COOKIE = "privy-session"
_OAUTH_PARAMETERS = frozenset({"privy_oauth_code", "privy_oauth_provider", "privy_oauth_state"})


def page_redirect(request: Request, refresh_url: str | None, login_url: str | None) -> PageRedirect | None:
    """Return the redirect for a page without a valid token, ``None`` if the response must be a 401.

    Never redirected are the refresh page and the login page, the return from an OAuth provider, and a target that a
    browser could take for the address of another host.
    """
    if not (refresh_url or login_url) or not _is_navigation(request):
        return None
    target = request.target
    if not _is_local(target) or _is_oauth_return(target):
        return None
    pages = (refresh_url, login_url)
    if any(page is not None and _same_page(target, page) for page in pages):
        return None
    if refresh_url and cookie_values(request.values("cookie"), (_SESSION_COOKIE,)):
        return RefreshRequired(_with_return(refresh_url, target))
    return LoginRequired(_with_return(login_url, target)) if login_url else None


def _is_navigation(request: Request) -> bool:
    if request.method not in ("GET", "HEAD") or set(request.values("sec-fetch-mode")) - {"navigate"}:
        return False
    ranges = (part for value in request.values("accept") for part in value.split(","))
    return any(part.partition(";")[0].strip().lower() == "text/html" for part in ranges)


def _is_local(target: str) -> bool:
    return target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()


def _is_oauth_return(target: str) -> bool:
    query = parse_qsl(target.partition("?")[2], keep_blank_values=True)
    return any(name in _OAUTH_PARAMETERS for name, _ in query)


def _same_page(target: str, page: str) -> bool:
    return target.partition("?")[0].rstrip("/") == urlsplit(page).path.rstrip("/")


def _with_return(page: str, target: str) -> str:
    separator = "&" if "?" in page else "?"
    return f"{page}{separator}redirect_uri={quote(target, safe='')}"
