"""Which response of the development issuer belongs to which request."""

from __future__ import annotations

import importlib.resources
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from privy_middleware.development.actions import DONE, Actions
from privy_middleware.development.addresses import Return, page_url, read_return
from privy_middleware.development.api import API
from privy_middleware.development.html.layout import document
from privy_middleware.development.html.markup import html
from privy_middleware.development.html.overview import Overview
from privy_middleware.development.html.pages import confirmation, sign_in
from privy_middleware.development.html.terminal import terminal_help
from privy_middleware.development.sessions import SameSite, Sessions
from privy_middleware.development.token_issuer import TokenIssuer
from privy_middleware.development.web import (
    Refused,
    WebRequest,
    WebResponse,
    check_origin,
    html_response,
    see_other,
    text_response,
)

__all__ = ["Site"]

_STATIC = {"page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}
_APP = "http://localhost:8000"


class Site:
    """Answer the requests of browsers and programs.

    Attributes:
        api: what is served to programs.
    """

    def __init__(self, issuer: TokenIssuer, address: str, same_site: SameSite) -> None:
        """Set the issuer, the address that is listened on, and the ``SameSite`` of the cookies."""
        self._issuer = issuer
        self._names = {address, "localhost"}
        self._sessions = Sessions(issuer, same_site)
        self.api: API = API(issuer)
        self._actions = Actions(issuer, self._sessions, self.api, self._overview)
        self._pages: Mapping[str, Callable[[WebRequest], WebResponse]] = {
            "/": self._home,
            "/login": self._login,
            "/refresh": self._refresh,
            "/logout": self._logout,
            **{f"/static/{name}": self._file for name in _STATIC},
        }

    def answer(self, request: WebRequest) -> WebResponse:
        """Return the response to a request."""
        try:
            check_origin(request)
            return self.api.answer(request) or self._page(request)
        except Refused as refused:
            if request.wants_html:
                text = html('<p class="notice error" role="alert">{text}</p>', text=refused.message)
                page = document(refused.status.phrase, text)
                return html_response(page, refused.status, refused.headers)
            return text_response(f"{refused.message}\n", refused.status, refused.headers)

    def environment(self, url: str, app: str | None = None) -> dict[str, str]:
        """Return the environment variables of an app, given the issuer's URL and the app's, if it has pages.

        Raises:
            ConfigurationError: if ``app`` is not an address on this machine.
        """
        pages = {}
        if app is not None:
            pages = {"PRIVY_LOGIN_URL": page_url(url, "login", app), "PRIVY_REFRESH_URL": page_url(url, "refresh", app)}
        return {
            "PRIVY_APP_ID": self._issuer.app_id,
            "PRIVY_JWKS_URL": url + self.api.jwks_path,
            **pages,
            "PRIVY_API_URL": url + self.api.path,
            "PRIVY_APP_SECRET": self._issuer.app_secret,
            "PRIVY_WEBHOOK_SECRET": self._issuer.webhook_secret,
        }

    def _page(self, request: WebRequest) -> WebResponse:
        methods = {"GET": self._pages, "HEAD": self._pages, "POST": self._actions.paths}
        if request.path not in methods[request.method]:
            allowed = [method for method, paths in methods.items() if request.path in paths]
            if not allowed:
                raise Refused(HTTPStatus.NOT_FOUND, "Not found")
            raise Refused(
                HTTPStatus.METHOD_NOT_ALLOWED,
                "This page is opened with another method.",
                [("Allow", ", ".join(allowed))],
            )
        if request.method == "POST":
            return self._actions.answer(request)
        return self._pages[request.path](request)

    def _home(self, request: WebRequest) -> WebResponse:
        if not request.wants_html:
            return text_response(terminal_help(self._issuer, request.url, self.api.jwks_path))
        return self._overview(request, notice=DONE.get(request.query.get("done", "")))

    def _overview(self, request: WebRequest, status: HTTPStatus = HTTPStatus.OK, **fields: Any) -> WebResponse:
        overview = Overview(
            host=request.name,
            session=self._sessions.of(request),
            users=dict(self._issuer.users),
            keys=self._issuer.key_states(),
            keys_available=self.api.keys_available,
            settings=self.environment(request.url, _APP),
            **fields,
        )
        return html_response(overview.render(), status)

    def _login(self, request: WebRequest) -> WebResponse:
        back = read_return(request.query)
        users = dict(self._issuer.users)
        return self._elsewhere(request, back) or html_response(sign_in(users, back.fields, back.url))

    def _refresh(self, request: WebRequest) -> WebResponse:
        back = read_return(request.query)
        if elsewhere := self._elsewhere(request, back):
            return elsewhere
        if self._sessions.of(request) is None:
            return see_other(back.on("/login"))
        text = "Your tokens are replaced by new ones."
        return html_response(confirmation("Refresh", text, "/refresh", "Refresh", back.fields, at_once=True))

    def _logout(self, request: WebRequest) -> WebResponse:
        back = read_return(request.query)
        if elsewhere := self._elsewhere(request, back):
            return elsewhere
        text = "The cookies of Privy are removed from this browser."
        return html_response(confirmation("Sign out", text, "/sign-out", "Sign out", back.fields, at_once=False))

    def _elsewhere(self, request: WebRequest, back: Return) -> WebResponse | None:
        """Return the redirect to the same page at the host name of the app, which is that of its cookies."""
        name = back.host
        if name is None or name == request.name:
            return None
        if name not in self._names:
            problem = f"A cookie that is set here is not sent to {name}: open your app at http://localhost instead."
            raise Refused(HTTPStatus.BAD_REQUEST, problem)
        host = f"[{name}]" if ":" in name else name
        port = urlsplit(request.url).port or 80
        return see_other(f"http://{host}:{port}{request.target}")

    def _file(self, request: WebRequest) -> WebResponse:
        name = request.path.rpartition("/")[2]
        content = importlib.resources.files("privy_middleware.development.html").joinpath("static", name).read_bytes()
        return WebResponse(HTTPStatus.OK, f"{_STATIC[name]}; charset=utf-8", content, cache_control="no-cache")
