"""What the forms on the pages of the development issuer do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeAlias

from privy_middleware.development.addresses import is_loopback_url, read_return
from privy_middleware.development.api import API
from privy_middleware.development.html.overview import Notice
from privy_middleware.development.html.pages import returning
from privy_middleware.development.records import WEBHOOK_EVENTS
from privy_middleware.development.sending import send_webhook
from privy_middleware.development.sessions import Sessions
from privy_middleware.development.token_issuer import TokenIssuer
from privy_middleware.development.users import build_persona
from privy_middleware.development.web import Refused, WebRequest, WebResponse, html_response, see_other
from privy_middleware.errors import ConfigurationError
from privy_middleware.tokens.strict_json import NotStrictJSON, decode

__all__ = ["Actions", "DONE", "Show"]

Show: TypeAlias = Callable[..., WebResponse]
"""Returns the overview for a request, with other values for its fields."""

DONE: Mapping[str, Notice] = {
    "signed-in": Notice("session", "You are signed in."),
    "signed-out": Notice("session", "You are signed out."),
    "refreshed": Notice("session", "The browser has new tokens."),
    "dropped": Notice(
        "session", "The browser has no tokens any more, as after their expiry. The session is still there."
    ),
    "expired": Notice("session", "The tokens in the cookies have expired."),
    "added": Notice("users", "The user was added."),
    "removed": Notice("users", "The user was removed."),
    "rotated": Notice("keys", "A new key signs from now on."),
    "withdrawn": Notice("keys", "The key is no longer published."),
    "keys-on": Notice("keys", "The key server is on."),
    "keys-off": Notice("keys", "The key server is off."),
}
"""What the overview says after an action, by the parameter ``done`` of its address."""


class Actions:
    """Do what a form says, and return the page that follows."""

    def __init__(self, issuer: TokenIssuer, sessions: Sessions, api: API, show: Show) -> None:
        """Set what is acted on, and what shows the overview."""
        self._issuer = issuer
        self._sessions = sessions
        self._api = api
        self._show = show
        self._actions: Mapping[str, Callable[[WebRequest], WebResponse]] = {
            "/sign-in": self._sign_in,
            "/sign-out": self._sign_out,
            "/refresh": self._refresh,
            "/session/refresh": self._refresh,
            "/session/drop": self._drop,
            "/session/expire": self._expire,
            "/users": self._add_user,
            "/users/remove": self._remove_user,
            "/keys/rotate": self._rotate,
            "/keys/withdraw": self._withdraw,
            "/keys/server": self._switch,
            "/webhooks": self._webhook,
        }

    @property
    def paths(self) -> frozenset[str]:
        """Return the paths of the actions."""
        return frozenset(self._actions)

    def answer(self, request: WebRequest) -> WebResponse:
        """Do what the form at a path says.

        Raises:
            Refused: if the form is wrong.
        """
        try:
            return self._actions[request.path](request)
        except ConfigurationError as error:
            raise Refused(HTTPStatus.BAD_REQUEST, str(error)) from None

    def _sign_in(self, request: WebRequest) -> WebResponse:
        user, back = self._user_of(request.form), read_return(request.form)
        cookies = self._sessions.start(user)
        if back.url is None:
            return see_other("/?done=signed-in", cookies)
        return html_response(returning(f"Signed in as {user}", back.url, self._too_long(user)), headers=cookies)

    def _sign_out(self, request: WebRequest) -> WebResponse:
        back, cookies = read_return(request.form), self._sessions.end()
        if back.url is None:
            return see_other("/?done=signed-out", cookies)
        return html_response(returning("Signed out", back.url), headers=cookies)

    def _refresh(self, request: WebRequest) -> WebResponse:
        back, session = read_return(request.form), self._sessions.of(request)
        if session is None:
            return see_other(back.on("/login"))
        cookies = self._sessions.renew(session.user)
        if back.url is None:
            return see_other("/?done=refreshed", cookies)
        return html_response(returning("Refreshed", back.url, self._too_long(session.user)), headers=cookies)

    def _too_long(self, user: str) -> str | None:
        length = self._sessions.too_long(user)
        if length is None:
            return None
        return (
            f"The identity token of {user} has {length} bytes. Browsers keep at most 4,096 in a cookie, so your app "
            "gets only the access token."
        )

    def _drop(self, _: WebRequest) -> WebResponse:
        return see_other("/?done=dropped", self._sessions.drop_tokens())

    def _expire(self, request: WebRequest) -> WebResponse:
        session = self._sessions.of(request)
        if session is None:
            raise Refused(HTTPStatus.BAD_REQUEST, "Nobody is signed in.")
        return see_other("/?done=expired", self._sessions.expire(session.user))

    def _user_of(self, form: Mapping[str, str]) -> str:
        user = form.get("user", "")
        if user not in self._issuer.users:
            raise Refused(HTTPStatus.BAD_REQUEST, "There is no user of this name.")
        return user

    def _add_user(self, request: WebRequest) -> WebResponse:
        form = request.form
        try:
            name = form.get("name", "").strip()
            if name in self._issuer.users:
                raise ConfigurationError("name", "there is a user of this name; remove it first")
            self._issuer.users[name] = build_persona(name, **_user_fields(form))
        except ConfigurationError as error:
            return self._show(request, HTTPStatus.BAD_REQUEST, user_form=form, user_error=error)
        return see_other("/?done=added#users")

    def _remove_user(self, request: WebRequest) -> WebResponse:
        self._issuer.users.pop(self._user_of(request.form), None)
        return see_other("/?done=removed#users")

    def _rotate(self, _: WebRequest) -> WebResponse:
        self._issuer.rotate()
        return see_other("/?done=rotated#keys")

    def _withdraw(self, request: WebRequest) -> WebResponse:
        self._issuer.withdraw(request.form.get("kid", ""))
        return see_other("/?done=withdrawn#keys")

    def _switch(self, request: WebRequest) -> WebResponse:
        self._api.keys_available = request.form.get("available") == "yes"
        return see_other(f"/?done=keys-{'on' if self._api.keys_available else 'off'}#keys")

    def _webhook(self, request: WebRequest) -> WebResponse:
        form = request.form
        event, url, user = form.get("type", ""), form.get("url", "").strip(), self._user_of(form)
        if event not in WEBHOOK_EVENTS:
            raise Refused(HTTPStatus.BAD_REQUEST, "There is no event of this type.")
        if not is_loopback_url(url):
            problem = (
                "Webhooks are only sent to addresses on this machine, such as http://localhost:8000/privy/webhooks."
            )
            return self._show(
                request, HTTPStatus.BAD_REQUEST, notice=Notice("webhooks", problem, error=True), webhook_form=form
            )
        delivery = self._issuer.webhook(event, user)
        result = send_webhook(event, url, delivery.headers, delivery.body)
        return self._show(request, webhook_form=form, webhook_result=result)


def _user_fields(form: Mapping[str, str]) -> dict[str, Any]:
    return {
        "email": form.get("email", "").strip() or None,
        "phone": form.get("phone", "").strip() or None,
        "wallets": form.get("wallets", "").split(),
        "linked_accounts": _json(form, "linked_accounts", []),
        "custom_metadata": _json(form, "custom_metadata", None),
        "is_guest": "is_guest" in form,
    }


def _json(form: Mapping[str, str], name: str, default: Any) -> Any:
    text = form.get(name, "").strip()
    try:
        return decode(text) if text else default
    except NotStrictJSON:
        raise ConfigurationError(name, "this is not JSON") from None
