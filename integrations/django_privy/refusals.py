"""The core's answers as Django responses."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, Self, TypeAlias

from django.http import HttpRequest, HttpResponse

from django_privy.parameters import in_request
from django_privy.requests import afind_auth, find_auth, lookup_of
from privy_middleware import Condition, PrivyAuth, PrivyError
from privy_middleware.gate import PREFLIGHT_HEADERS, PREFLIGHT_STATUS, is_preflight

__all__ = ["Answer", "Rule", "aenter", "enter", "refuse", "remember", "requirement"]

Rule: TypeAlias = Callable[[PrivyAuth, HttpRequest], object]


class Answer(HttpResponse):
    """A response that can be awaited too: Django awaits what the sync ``dispatch`` of an async view class returns."""

    def __await__(self) -> Generator[Any, None, Self]:
        """Return the response itself."""
        return self._itself().__await__()

    async def _itself(self) -> Self:
        return self


def refuse(request: HttpRequest, error: PrivyError) -> Answer:
    """Return the answer that a refusal carries, and remember why it was given.

    Raises:
        PrivyError: when it is none of a client's business, such as a wrong setting.
    """
    if error.status == PrivyError.status:
        raise error
    remember(request, error)
    headers = {**dict(error.headers), "Content-Length": str(len(error.body))}
    return Answer(error.body, status=error.status, headers=headers)


def remember(request: HttpRequest, error: PrivyError) -> None:
    """Keep why a request was refused until the response is ready, when subscribers are told."""
    # The traceback would keep frames, and with them the request, alive.
    lookup_of(request).refused = error.with_traceback(None)


def requirement(condition: Condition | None) -> Rule:
    """Return the rule that there is a user, who meets the condition."""

    def rule(auth: PrivyAuth, request: HttpRequest) -> None:
        # Nothing of the body is read before the user is known.
        auth.require()
        if condition is not None:
            auth.require(condition, in_request(request, condition.parameters))

    return rule


def enter(request: HttpRequest, rule: Rule) -> Answer | None:
    """Apply a rule to a request; return the answer that refuses it, or ``None`` to go on.

    A CORS preflight carries no credentials by design (WHATWG Fetch §3.2.2). It is not refused, nor does it get into a
    view that was written to have a user: an empty answer is given, to which a CORS middleware adds its headers.
    """
    return (
        _preflight_answer() if is_preflight(lookup_of(request).request) else _apply(request, rule, find_auth(request))
    )


async def aenter(request: HttpRequest, rule: Rule) -> Answer | None:
    """Apply a rule as ``enter`` does, without ever blocking the event loop."""
    return (
        _preflight_answer()
        if is_preflight(lookup_of(request).request)
        else _apply(request, rule, await afind_auth(request))
    )


def _preflight_answer() -> Answer:
    return Answer(status=PREFLIGHT_STATUS, headers=dict(PREFLIGHT_HEADERS))


def _apply(request: HttpRequest, rule: Rule, auth: PrivyAuth) -> Answer | None:
    try:
        rule(auth, request)
    except PrivyError as error:
        return refuse(request, error)
    return None
