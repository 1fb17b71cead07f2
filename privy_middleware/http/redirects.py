"""Redirects for a person who navigates in a browser, instead of a 401.

A server cannot refresh a Privy session or sign a user in, but a page in the browser can. An API call always gets a 401.

A page may send the browser back although nothing has changed: the app id of the server is wrong, or Privy's client
keeps the tokens where the server does not get them. So each redirect is noted in a cookie that lives for half a minute,
and a request that is refused again gets a page that says so. The cookie only chooses between refusals.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote_plus, urlsplit

from privy_middleware.errors import LoginRequired, PageRedirect, PrivyError, RefreshRequired, TokenExpired
from privy_middleware.http.cookies import SESSION_COOKIE, CookieNames, is_token
from privy_middleware.http.html import html_page
from privy_middleware.http.navigation import is_form, is_visit
from privy_middleware.http.request import Request

__all__ = ["PageAnswer", "SignInPages", "is_local", "is_same_page"]

_OAUTH_PARAMETERS = frozenset({"privy_oauth_code", "privy_oauth_provider", "privy_oauth_state"})
_MARKER = "privy-redirects"
_MARKERS = CookieNames(_MARKER)
_SESSION = CookieNames(SESSION_COOKIE)
# The redirects of the last half minute, the latest last: "r" for the refresh page, "l" for the login page.
_HISTORY = re.compile(r"[rl]{1,8}")
_LONGEST = 8


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """What a person gets instead of a 401 in JSON.

    Attributes:
        redirect: where the browser is sent, or ``None``.
        page: the HTML page of the 401 without a redirect, otherwise empty.
        form: whether the browser submits a form.
    """

    redirect: PageRedirect | None
    page: str
    form: bool


@dataclass(frozen=True, slots=True)
class SignInPages:
    """The pages of an app at which a browser gets a token.

    Attributes:
        refresh_url: the page that refreshes a session, or ``None``.
        login_url: the page where users sign in, or ``None``.
    """

    refresh_url: str | None
    login_url: str | None

    def answer(self, request: Request, refusal: PrivyError | None) -> PageAnswer | None:
        """Return what a request without a valid token gets, ``None`` for the 401 of an API call.

        ``refusal`` is why the token was refused, ``None`` if there is none.
        """
        if not (self.refresh_url or self.login_url):
            return None
        form = is_form(request)
        if not form and not is_visit(request):
            return None
        target = self._page_with_form(request) if form else request.target
        if not is_local(target):
            return PageAnswer(None, self._page(request, "/"), form)
        return self.answer_for(request, refusal, target, form=form)

    def answer_for(
        self, request: Request, refusal: PrivyError | None, target: str, *, form: bool = False
    ) -> PageAnswer:
        """Return what a request gets that is to return to ``target``, a local path with its query.

        The pages themselves are not redirected.
        """
        path, oauth = _split_oauth(target)
        history = _history(request)
        own = self._is_own(request.target)
        step = None if own else self._next(request, refusal, history, returning=bool(oauth) and not form)
        if step is None:
            return PageAnswer(None, self._page(request, path), form)
        made, page = (RefreshRequired, self.refresh_url) if step == "r" else (LoginRequired, self.login_url)
        parameters = [*([] if form else oauth), ("redirect_uri", path)]
        cookie = _marker(history + step, secure=request.scheme == "https")
        location = _with_parameters(page or "", parameters)
        return PageAnswer(made(location, cookie=cookie, status=303 if form else 302), "", form)

    def _next(self, request: Request, refusal: PrivyError | None, history: str, *, returning: bool) -> str | None:
        """Return the next redirect, ``None`` if another one would not help.

        A browser with a refused token is sent to sign in once, one without a token up to three times, and so is one
        that is ``returning`` from an OAuth provider, with a code that only the login page can use.
        """
        if not returning and "r" not in history and self._may_refresh(request, refusal):
            return "r"
        limit = 3 if refusal is None or returning else 1
        return "l" if self.login_url and history.count("l") < limit else None

    def _may_refresh(self, request: Request, refusal: PrivyError | None) -> bool:
        if not self.refresh_url or not (refusal is None or isinstance(refusal, TokenExpired)):
            return False
        return any(map(is_token, _SESSION.values(request.values("cookie")).get(SESSION_COOKIE, ())))

    def _is_own(self, target: str) -> bool:
        return any(page is not None and is_same_page(target, page) for page in (self.refresh_url, self.login_url))

    def _page_with_form(self, request: Request) -> str:
        """Return the page that a form was on, ``/`` if it is not known, on another host, or a sign-in page."""
        target = _local_referer(request)
        return "/" if target is None or self._is_own(target) else target

    def _page(self, request: Request, target: str) -> str:
        link = None
        if self.login_url is not None and not self._is_own(request.target):
            link = _with_parameters(self.login_url, [("redirect_uri", target)]), "Sign in"
        if not _history(request):
            return html_page("Sign in to continue", "This page is only for users who are signed in.", link=link)
        return html_page(
            "You could not be signed in",
            "Your browser was sent to sign in and came back, but this site still cannot verify that you are signed in.",
            "Try again, and check that your browser accepts cookies for this site. If that does not help, contact the "
            "owner of the site.",
            link=link,
        )


def is_same_page(target: str, page: str) -> bool:
    """Return whether a path, with or without a query, is that of a page; an absolute address is on another host."""
    return page.startswith("/") and target.partition("?")[0].rstrip("/") == urlsplit(page).path.rstrip("/")


def is_local(target: str) -> bool:
    """Return whether a browser takes an address for a path of this host, and not for another host (WHATWG URL §4.4)."""
    return target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()


def _local_referer(request: Request) -> str | None:
    """Return path and query of the ``Referer``, ``None`` if it is not a page of the request's host."""
    referers, hosts = request.values("referer"), request.values("host")
    if len(referers) != 1 or len(hosts) != 1:
        return None
    try:
        parts = urlsplit(referers[0])
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or parts.netloc.lower() != hosts[0].lower():
        return None
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return target if is_local(target) else None


def _split_oauth(target: str) -> tuple[str, list[tuple[str, str]]]:
    """Return a target without the parameters of a return from an OAuth provider, and these, decoded."""
    path, _, query = target.partition("?")
    kept: list[str] = []
    oauth: list[tuple[str, str]] = []
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if unquote_plus(name) in _OAUTH_PARAMETERS:
            oauth.append((unquote_plus(name), unquote_plus(value)))
        else:
            kept.append(pair)
    rest = "&".join(kept)
    return (f"{path}?{rest}" if rest else path), oauth


def _with_parameters(page: str, parameters: list[tuple[str, str]]) -> str:
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters)
    return f"{page}{'&' if '?' in page else '?'}{query}"


def _history(request: Request) -> str:
    """Return the redirects that the browser remembers; of several cookies the longest counts, so that none hides it."""
    values = _MARKERS.values(request.values("cookie")).get(_MARKER, [])
    return max((value for value in values if _HISTORY.fullmatch(value)), key=len, default="")


def _marker(history: str, *, secure: bool) -> str:
    attributes = "Max-Age=30; Path=/; HttpOnly; SameSite=Lax"
    return f"{_MARKER}={history[-_LONGEST:]}; {attributes}{'; Secure' if secure else ''}"
