"""The pages of the development issuer to which apps send a browser, and the list of users."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping

from privy_middleware.development.html.layout import button, document, notice
from privy_middleware.development.html.markup import Html, html, joined
from privy_middleware.development.personas import Persona
from privy_middleware.development.records import user_record

__all__ = ["confirmation", "people", "returning", "sign_in"]

_MOST_ACCOUNTS = 6


def sign_in(users: Mapping[str, Persona], fields: Mapping[str, str], target: str | None) -> Html:
    """Return the page on which a person chooses the user to sign in as."""
    text = html("<p>The browser then goes back to <code>{target}</code>.</p>\n", target=target) if target else None
    people = joined(_person(persona, fields, details=False) for persona in users.values())
    content = html(
        '{text}<ul class="people">\n{people}\n</ul>\n<p><a href="/#users">Add or remove users</a></p>',
        text=text,
        people=people,
    )
    return document("Sign in", content)


def people(users: Mapping[str, Persona]) -> Html:
    """Return the list of users with all their details."""
    return html('<ul class="people">\n{people}\n</ul>', people=joined(_person(each, {}) for each in users.values()))


def _person(persona: Persona, fields: Mapping[str, str], *, details: bool = True) -> Html:
    return html(
        '<li class="person"><p class="name">{name}</p>{button}<ul class="chips">{chips}</ul>{details}</li>',
        name=persona.name,
        button=button("/sign-in", "Sign in", {**fields, "user": persona.name}, title=f"Sign in as {persona.name}"),
        chips=joined(html("<li>{text}</li>", text=text) for text in _summary(persona)),
        details=_details(persona) if details else None,
    )


def _summary(persona: Persona) -> list[str]:
    """Return what distinguishes a user, in a few words each."""
    counts = Counter(account["type"] for account in persona.linked_accounts)
    accounts = [
        f"{kind.removesuffix('_oauth')} \u00d7 {n}" if n > 1 else kind.removesuffix("_oauth")
        for kind, n in counts.items()
    ]
    if len(accounts) > _MOST_ACCOUNTS:
        accounts[_MOST_ACCOUNTS:] = [f"{len(accounts) - _MOST_ACCOUNTS} more"]
    role = (persona.custom_metadata or {}).get("role")
    guest = ["guest"] if persona.is_guest else []
    return [*guest, *([f"role: {role}"] if role is not None else []), *(accounts or ["no accounts"])]


def _details(persona: Persona) -> Html:
    return html(
        '<details><summary>Details of {name}</summary><pre tabindex="0">{record}</pre>{remove}</details>',
        name=persona.name,
        record=json.dumps(user_record(persona), indent=2, ensure_ascii=False),
        remove=button("/users/remove", "Remove", {"user": persona.name}, kind="quiet", title=f"Remove {persona.name}"),
    )


def confirmation(title: str, text: str, action: str, label: str, fields: Mapping[str, str], *, at_once: bool) -> Html:
    """Return a page with one button; with ``at_once`` a script presses it."""
    attribute = Html(" data-at-once") if at_once else None
    form = button(action, label, fields, kind="primary")
    return document(
        title, html("<p>{text}</p>\n<div{at_once}>{button}</div>", text=text, at_once=attribute, button=form)
    )


def returning(title: str, target: str, problem: str | None = None) -> Html:
    """Return the page after a form that leads back to an app; with a problem the browser waits for a click."""
    link = html('<p><a class="primary" href="{url}">Continue to {url}</a></p>', url=target)
    return document(
        title, html("{notice}{link}", notice=notice(problem, "caution"), link=link), None if problem else target
    )
