"""What the apps of all frameworks have in common."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.sending import App, Fields, bearer, cookie
from benchmarks.tokens import USER

__all__ = ["BODY", "Contender", "NOTHING", "OURS", "Stack", "bare", "nothing", "ours", "peer"]

OURS = "privy-middleware"
NOTHING = "authentication that does nothing"
"""A middleware, hook or dependency in the place where authentication would be."""

BODY = json.dumps({"user": USER}).encode()


@dataclass(frozen=True)
class Contender:
    """An app with a route that returns ``{"user": "<id>"}`` for the user of the request.

    Attributes:
        name: the library that authenticates.
        app: the app.
        fields: returns the headers with a token, where this app reads it.
        rejects: whether it responds with 401 to an invalid token.
        looks: whether it has the route ``LOOKING``.
    """

    name: str
    app: App
    fields: Fields
    rejects: bool = True
    looks: bool = False

    @property
    def is_ours(self) -> bool:
        """Return whether it is an app with this library."""
        return self.name.startswith(OURS)


@dataclass(frozen=True)
class Stack:
    """The apps of a framework.

    Attributes:
        bare: the app without authentication, which always returns the same user.
        contenders: the apps with authentication, ours first.
        interface: ``"asgi"`` or ``"wsgi"``.
    """

    bare: Contender
    contenders: Sequence[Contender]
    interface: str


def bare(app: App) -> Contender:
    """Return an app without authentication."""
    return Contender("bare", app, cookie, rejects=False)


def ours(app: App, name: str = OURS, *, rejects: bool = True, looks: bool = True) -> Contender:
    """Return an app with this library, which reads the cookie that a browser sends."""
    return Contender(name, app, cookie, rejects=rejects, looks=looks)


def nothing(app: App) -> Contender:
    """Return an app that accepts every request."""
    return Contender(NOTHING, app, cookie, rejects=False)


def peer(name: str, app: App) -> Contender:
    """Return an app with another library, which reads the bearer token, as in its documents."""
    return Contender(name, app, bearer)
