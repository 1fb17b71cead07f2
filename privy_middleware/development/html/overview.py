"""The page of the development issuer with everything: session, users, keys, webhooks and settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from privy_middleware.development.html.forms import WebhookResult, user_form, webhook_form
from privy_middleware.development.html.layout import button, document, notice
from privy_middleware.development.html.markup import Html, html, joined
from privy_middleware.development.html.pages import people
from privy_middleware.development.personas import Persona
from privy_middleware.development.sessions import Session, TokenStatus
from privy_middleware.errors import ConfigurationError

__all__ = ["Notice", "Overview"]


def _moment(seconds: float) -> Html:
    moment = datetime.fromtimestamp(seconds, UTC)
    return html('<time datetime="{iso}">{text} UTC</time>', iso=moment.isoformat(), text=f"{moment:%H:%M:%S}")


def _token(status: TokenStatus) -> Html:
    if status.expires_at is None:
        return html('<li class="bad"><strong>{kind}:</strong> {problem}</li>', kind=status.kind, problem=status.problem)
    until = _moment(status.expires_at)
    return html('<li class="good"><strong>{kind}:</strong> valid until {until}</li>', kind=status.kind, until=until)


def _session(session: Session | None, host: str) -> Html:
    if session is None:
        return html(
            "<p>Nobody is signed in at <code>{host}</code>. If you sign in as one of the users below, this browser "
            "gets the cookies that Privy sets, and sends them to every app at this host name, on any port.</p>",
            host=host,
        )
    buttons = joined(
        [
            button("/session/refresh", "Refresh the tokens", {}),
            button("/session/drop", "Remove the tokens", {}),
            button("/session/expire", "Set expired tokens", {}),
            button("/sign-out", "Sign out", {}, kind="quiet"),
        ]
    )
    tokens = joined(map(_token, session.tokens))
    return html(
        '<p>Signed in at <code>{host}</code> as <strong class="user">{user}</strong>.</p>\n'
        '<ul class="tokens">{tokens}</ul>\n<div class="row">{buttons}</div>',
        host=host,
        user=session.user,
        tokens=tokens,
        buttons=buttons,
    )


def _keys(rows: Sequence[tuple[str, str]], *, available: bool) -> Html:
    label, server = ("Switch the key server off", "on") if available else ("Switch the key server on", "off")
    switch = button("/keys/server", label, {"available": "no" if available else "yes"})
    return html(
        '<p>The key server is <strong class="server">{server}</strong>. Apps keep keys for a while, so they may '
        "notice a change only later.</p>\n"
        '<div class="scroll" tabindex="0" role="region" aria-label="Keys"><table><thead><tr><th scope="col">Key</th>'
        '<th scope="col">State</th><th scope="col">Action</th></tr></thead><tbody>{keys}</tbody></table></div>\n'
        '<div class="row">{rotate}{switch}</div>',
        server=server,
        keys=joined(_key(*row) for row in rows),
        rotate=button("/keys/rotate", "Rotate"),
        switch=switch,
    )


def _key(kid: str, state: str) -> Html:
    withdraw = button("/keys/withdraw", "Withdraw", {"kid": kid}, kind="quiet", title=f"Withdraw the key {kid}")
    return html(
        "<tr><td><code>{kid}</code></td><td>{state}</td><td>{withdraw}</td></tr>",
        kid=kid,
        state=state,
        withdraw=None if state == "withdrawn" else withdraw,
    )


class Notice(NamedTuple):
    """A message at the beginning of a section.

    Attributes:
        section: the name of the section.
        text: the message.
        error: whether something was refused.
    """

    section: str
    text: str
    error: bool = False


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The page with everything.

    Attributes:
        host: the host name of the browser's cookies, without a port.
        session: who is signed in.
        users: the users by name.
        keys: the id and the state of each key.
        keys_available: whether the key server is on.
        settings: the environment variables of an app.
        notice: what has just been done, or why it was refused.
        user_form: the fields of a refused form for a new user.
        user_error: why it was refused.
        webhook_form: the fields of the last webhook.
        webhook_result: what came back.
    """

    host: str
    session: Session | None
    users: Mapping[str, Persona]
    keys: Sequence[tuple[str, str]]
    keys_available: bool
    settings: Mapping[str, str]
    notice: Notice | None = None
    user_form: Mapping[str, str] = field(default_factory=dict)
    user_error: ConfigurationError | None = None
    webhook_form: Mapping[str, str] = field(default_factory=dict)
    webhook_result: WebhookResult | None = None

    def render(self) -> Html:
        """Return the page."""
        sections = (
            ("session", "Session", _session(self.session, self.host)),
            (
                "users",
                "Users",
                html("{people}{new}", people=people(self.users), new=user_form(self.user_form, self.user_error)),
            ),
            ("keys", "Keys", _keys(self.keys, available=self.keys_available)),
            ("webhooks", "Webhooks", webhook_form(list(self.users), self.webhook_form, self.webhook_result)),
            ("settings", "Settings of your app", _settings(self.settings)),
        )
        content = joined(
            html(
                '<section aria-labelledby="{id}"><h2 id="{id}">{title}</h2>\n{notice}{content}</section>',
                id=name,
                title=title,
                notice=self._notice_in(name),
                content=part,
            )
            for name, title, part in sections
        )
        return document("Users, keys and webhooks", content)

    def _notice_in(self, section: str) -> Html | None:
        """Return the message of a section, which the browser shows without scrolling."""
        if self.notice is None or self.notice.section != section:
            return None
        return notice(self.notice.text, "error" if self.notice.error else "done")


def _settings(settings: Mapping[str, str]) -> Html:
    lines = "\n".join(f"{name}={value}" for name, value in settings.items())
    return html(
        "<p>The environment variables of an app. Replace <code>http://localhost:8000</code> by its address.</p>\n"
        '<pre id="environment" tabindex="0">{lines}</pre>\n'
        '<p><button type="button" data-copy="environment" hidden>Copy</button> <span role="status"></span></p>',
        lines=lines,
    )
