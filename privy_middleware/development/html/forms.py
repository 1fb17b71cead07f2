"""The larger forms of the development issuer: for a new user, and for a webhook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from privy_middleware.development.html.layout import notice
from privy_middleware.development.html.markup import Html, html, joined
from privy_middleware.development.records import WEBHOOK_EVENTS
from privy_middleware.errors import ConfigurationError

__all__ = ["WebhookResult", "user_form", "webhook_form"]


class WebhookResult(NamedTuple):
    """What an endpoint has answered to a webhook."""

    summary: str
    body: str
    good: bool


class _Field(NamedTuple):
    name: str
    label: str
    hint: str
    tag: str = "input"


_FIELDS = (
    _Field("name", "Name", "Letters and digits, such as mary."),
    _Field("email", "E-mail address", "Optional."),
    _Field("phone", "Phone number", "Optional."),
    _Field("wallets", "Wallets", "Optional. Ethereum or Solana addresses, one on each line.", "textarea"),
    _Field("custom_metadata", "Custom metadata", 'Optional. A JSON object such as {"role": "admin"}.', "textarea"),
    _Field(
        "linked_accounts",
        "Other accounts",
        'Optional. A JSON list such as [{"type": "github_oauth", "subject": "1", "username": "mary"}].',
        "textarea",
    ),
)


def _field(field: _Field, values: Mapping[str, str], wrong: str | None) -> Html:
    # With the focus, the browser scrolls to the field.
    invalid = wrong == field.name
    attributes = html(
        'id="user-{name}" name="{name}" aria-describedby="{error}hint-{name}" autocomplete="off" spellcheck="false"'
        "{required}{invalid}",
        name=field.name,
        error="user-error " if invalid else None,
        required=Html(" required") if field.name == "name" else None,
        invalid=Html(' aria-invalid="true" autofocus') if invalid else None,
    )
    value = values.get(field.name, "")
    # A line break right after the start tag is not part of the text (HTML §13.1.2.5).
    control = (
        html('<textarea rows="2" {a}>\n{v}</textarea>', a=attributes, v=value)
        if field.tag == "textarea"
        else html('<input {a} value="{v}">', a=attributes, v=value)
    )
    return html(
        '<p class="field"><label for="user-{name}">{label}</label>{control}'
        '<span class="hint" id="hint-{name}">{hint}</span></p>',
        name=field.name,
        label=field.label,
        control=control,
        hint=field.hint,
    )


def _wrong_field(error: ConfigurationError | None) -> str | None:
    """Return the name of the wrong field; what has none, such as a state that cannot be saved, is at the first one."""
    if error is None:
        return None
    name = error.field.partition("[")[0].partition(".")[0]
    return next((field.name for field in _FIELDS if field.name == name), _FIELDS[0].name)


def user_form(values: Mapping[str, str], error: ConfigurationError | None) -> Html:
    """Return the form for a new user, with the values of a refused one and what is wrong."""
    wrong = _wrong_field(error)
    fields = joined(_field(field, values, wrong) for field in _FIELDS)
    return html(
        '<details class="new"{open}><summary>Add a user</summary>\n'
        '<div id="user-error">{error}</div><form method="post" action="/users" class="fields">\n{fields}\n'
        '<p class="check"><input type="checkbox" id="user-is_guest" name="is_guest" value="t"{guest}> '
        '<label for="user-is_guest">Guest</label></p>\n'
        '<button class="primary">Add the user</button></form></details>',
        open=Html(" open") if values else None,
        error=notice(None if error is None else str(error), "error"),
        fields=fields,
        guest=Html(" checked") if values.get("is_guest") else None,
    )


def webhook_form(users: Sequence[str], values: Mapping[str, str], result: WebhookResult | None) -> Html:
    """Return the form for a webhook, with the values of the last one and what came back."""

    def options(names: Sequence[str], chosen: str | None) -> Html:
        return joined(
            html("<option{s}>{n}</option>", n=name, s=Html(" selected") if name == chosen else None) for name in names
        )

    answer = None
    if result is not None:
        body = html('<pre tabindex="0">{body}</pre>\n', body=result.body) if result.body else None
        answer = html("{notice}{body}", notice=notice(result.summary, "done" if result.good else "error"), body=body)
    return html(
        "{answer}<p>Sends an event to an address on this machine, signed with <code>PRIVY_WEBHOOK_SECRET</code>.</p>\n"
        '<form method="post" action="/webhooks#webhooks" class="fields">\n'
        '<p class="field"><label for="hook-type">Event</label><select id="hook-type" name="type">{types}</select></p>\n'
        '<p class="field"><label for="hook-user">User</label><select id="hook-user" name="user">{users}</select></p>\n'
        '<p class="field"><label for="hook-url">Address</label>'
        '<input id="hook-url" name="url" type="url" required value="{url}"></p>\n'
        '<button class="primary">Send the webhook</button></form>',
        answer=answer,
        types=options(WEBHOOK_EVENTS, values.get("type")),
        users=options(users, values.get("user")),
        url=values.get("url", "http://localhost:8000/privy/webhooks"),
    )
