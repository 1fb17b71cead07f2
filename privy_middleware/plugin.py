"""What a plugin for a framework needs of the core; ``docs/plugins.md`` shows a complete one.

A plugin adapts the framework's request to ``Request``, makes one ``Lookup`` for each request, applies a ``Rule`` where
a view asks for a user, and gives the framework the ``Answer`` to a refusal. It decides nothing itself.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, ParamSpec, TypeAlias, TypeVar, get_args, get_origin, get_type_hints

from privy_middleware.auth import PrivyAuth
from privy_middleware.conditions import (
    Condition,
    ConditionWords,
    Parameters,
    Predicate,
    condition,
    require_condition,
)
from privy_middleware.config import OnInvalid, RequestSettings, check_on_invalid
from privy_middleware.errors import Answer, ConfigurationError
from privy_middleware.gate import Gate, Settings, build_gate
from privy_middleware.guarded_views import GuardedViews, unguarded, view_name
from privy_middleware.http.cache_headers import PRIVATE, has_content, merge_vary
from privy_middleware.http.credentials import Source, TokenLocation
from privy_middleware.http.html import html_page
from privy_middleware.http.navigation import is_navigation
from privy_middleware.http.parameters import LARGEST_BODY, Pairs, RequestParts, agreed
from privy_middleware.http.preflight import PREFLIGHT_ANSWER, is_preflight
from privy_middleware.http.redirects import is_local, is_same_page
from privy_middleware.http.request import FieldNames, Request
from privy_middleware.lookup import Lookup
from privy_middleware.settings.hints import known_keywords, known_options
from privy_middleware.settings.sources import SettingsSource
from privy_middleware.users.plain import convert_content, may_hold_users, to_plain
from privy_middleware.users.pydantic_schema import PydanticOutputOnly
from privy_middleware.users.user import PrivyUser

__all__ = [
    "Answer",
    "ConditionWords",
    "FieldNames",
    "Gate",
    "GuardedViews",
    "LARGEST_BODY",
    "Lookup",
    "PREFLIGHT_ANSWER",
    "PRIVATE",
    "Pairs",
    "Parameters",
    "Predicate",
    "Request",
    "RequestParts",
    "Requires",
    "Rule",
    "Settings",
    "SettingsSource",
    "aread_parameters",
    "build_gate",
    "check_view",
    "convert_content",
    "display_name",
    "has_content",
    "html_page",
    "is_local",
    "is_navigation",
    "is_preflight",
    "is_same_page",
    "known_options",
    "may_hold_users",
    "merge_vary",
    "optional",
    "read_parameters",
    "requirement",
    "requires_access_token",
    "security_schemes",
    "show_rule",
    "takes_no_condition",
    "to_plain",
    "unguarded",
    "verified_class",
    "view_name",
    "view_or_predicate",
]

_Names: TypeAlias = frozenset[str]
_P = ParamSpec("_P")
_R = TypeVar("_R")
_G = TypeVar("_G")

Requires: TypeAlias = Literal["user", "access token", "optional user", "unknown"]
"""What a rule asks for."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a view asks of the user of its request.

    Attributes:
        ask: returns the user, or raises the refusal.
        parameters: the names of the request parameters that ``ask`` needs; they are read once the user is known.
        requires: what the rule asks for, for tools that list the routes of an app.
        condition: the condition that the user must meet, as a short English phrase.
    """

    ask: Callable[[PrivyAuth, Parameters], PrivyUser | None]
    parameters: _Names = frozenset()
    requires: Requires = "unknown"
    condition: str = ""

    @property
    def description(self) -> str:
        """Return the rule in words, such as ``user: a wallet on ethereum is linked``."""
        return f"{self.requires}: {self.condition}" if self.condition else self.requires

    def check(self, auth: PrivyAuth, read: Callable[[_Names], Parameters]) -> PrivyUser | None:
        """Return the user of a request; ``read`` returns those of the named parameters that have one value.

        Raises:
            PrivyError: the refusal.
        """
        return self.ask(auth, read(self._needed(auth)) if self.parameters else {})

    async def acheck(self, auth: PrivyAuth, read: Callable[[_Names], Awaitable[Parameters]]) -> PrivyUser | None:
        """Return the user as ``check`` does, awaiting the parameters."""
        return self.ask(auth, await read(self._needed(auth)) if self.parameters else {})

    def _needed(self, auth: PrivyAuth) -> _Names:
        # The body is read only for a known user.
        auth.require()
        return self.parameters


def requirement(condition: Condition | None = None) -> Rule:
    """Return the rule that there must be a user, who meets the condition.

    Raises:
        ConfigurationError: if ``condition`` is anything else than a condition or ``None``.
    """
    require_condition(condition)
    if condition is None:
        return _REQUIRED
    ask = functools.partial(_require, condition)
    return Rule(ask, condition.parameters, "user", condition.description)


def _require(condition: Condition, auth: PrivyAuth, given: Parameters) -> PrivyUser:
    return auth.require(condition, given)


_REQUIRED = Rule(lambda auth, _: auth.require(), requires="user")


def requires_access_token() -> Rule:
    """Return the rule that there must be an access token."""
    return _ACCESS


def _ask_for_access(auth: PrivyAuth, _: Parameters) -> PrivyUser | None:
    auth.require_access()
    return auth.user


_ACCESS = Rule(_ask_for_access, requires="access token")


def show_rule(guarded: _G, rule: Rule) -> _G:
    """Return a decorated view, dependency or guard, after setting its rule as ``privy_rule`` for tools to read."""
    vars(guarded)["privy_rule"] = rule
    return guarded


def takes_no_condition(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Decorate a function for an optional user, so that the error for a condition says where to give it."""
    usage = "is not an argument; for a condition use require_privy_user (require in FastAPI)"
    return known_keywords(usage)(function)


def optional(on_invalid: OnInvalid | None = None) -> Rule:
    """Return the rule that there may be a user; ``on_invalid`` says what a bad token gets, as the setting does.

    Raises:
        ConfigurationError: if ``on_invalid`` is not one of its values.
    """
    check_on_invalid(on_invalid)
    return Rule(lambda auth, _: auth.optional(on_invalid), requires="optional user")


def check_view(view: object) -> None:
    """Check that what a decorator is applied to can be a view.

    Raises:
        ConfigurationError: if it is not callable: some route decorators return nothing.
    """
    if isinstance(view, str | Mapping):
        fix = 'conditions and options have names, such as wallet="ethereum", metadata={…} or on_invalid="anonymous"'
        raise ConfigurationError("view", f"decorate a function; {fix}")
    if not callable(view):
        raise ConfigurationError("view", "decorate a function: write the route's decorator above this one")


def view_or_predicate(
    given: Callable[..., Any],
    guard: Callable[[Rule, Callable[..., Any]], Callable[..., Any]],
    is_view: Callable[[Any], bool],
) -> Callable[..., Any]:
    """Return what ``@require_privy_user`` makes of one bare function, which may be a view or a predicate.

    Which of the two it is shows at the next call: a decorator is called with a view, and a view with what the framework
    gives it.

    Args:
        given: the function.
        guard: returns a view with a rule in front of it.
        is_view: returns whether the only argument of that call is a view.
    """
    guarded = guard(requirement(), given)
    if inspect.iscoroutinefunction(guarded):
        return guarded

    @functools.wraps(given)
    def either(*args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and not kwargs and is_view(args[0]):
            return guard(requirement(condition(given)), args[0])
        return guarded(*args, **kwargs)

    return show_rule(either, requirement())


def read_parameters(names: Collection[str], parts: Callable[[], RequestParts]) -> Parameters:
    """Return those of the named parameters that have one value in a request, however it is read.

    ``parts`` reads the request; what it raises, because the body cannot be read, leaves all of them out.
    """
    try:
        return agreed(names, parts()) if names else {}
    except Exception:
        # Limits, disconnected clients, parsers and servers each have exceptions of their own.
        return {}


async def aread_parameters(names: Collection[str], parts: Callable[[], Awaitable[RequestParts]]) -> Parameters:
    """Return what ``read_parameters`` does, awaiting the request."""
    try:
        return agreed(names, await parts()) if names else {}
    except Exception:
        return {}


def display_name(user: PrivyUser) -> str:
    """Return a name to show: an e-mail address that Privy has verified, or another one of the user, or else the id.

    It does not identify a user: only the id does.
    """
    addresses = user.email_addresses
    if addresses:
        return next((each.address for each in addresses if each.verified_at), addresses[0].address)
    email: object = getattr(user, "email", None)
    return email if isinstance(email, str) else user.id


def verified_class(annotation: object) -> type | None:
    """Return the class of verified users or claims in an annotation, ``None`` without one.

    Its objects come from tokens only: a framework must not read a parameter of this type from a request. The fields of
    dataclasses, structs, models and typed dicts count too, because frameworks create objects for them.
    """
    return _verified_class(annotation, set())


def _verified_class(annotation: object, seen: set[int]) -> type | None:
    if isinstance(annotation, type) and issubclass(annotation, PydanticOutputOnly):
        return annotation
    # A class may refer to itself.
    if id(annotation) in seen:
        return None
    seen.add(id(annotation))
    return next(filter(None, (_verified_class(part, seen) for part in _parts(annotation))), None)


def _parts(annotation: object) -> Iterable[object]:
    """Return what an annotation consists of: its arguments, what an alias stands for, and the fields of a class."""
    for alias in ("__value__", "__supertype__"):
        if hasattr(annotation, alias):
            return (getattr(annotation, alias),)
    parts = get_args(annotation)
    cls = get_origin(annotation) or annotation
    if not any(hasattr(cls, marker) for marker in _MARKERS_OF_FIELDS):
        return parts
    try:
        return (*parts, *get_type_hints(cls).values())
    except Exception:
        # Names that cannot be resolved; no framework can read such a class from a request either.
        return parts


# Of dataclasses, msgspec, attrs, pydantic, typed dicts and named tuples.
_MARKERS_OF_FIELDS = (
    "__dataclass_fields__",
    "__struct_fields__",
    "__attrs_attrs__",
    "__pydantic_fields__",
    "__required_keys__",
    "_fields",
)


def security_schemes(settings: RequestSettings, kinds: Collection[str] = ()) -> dict[str, dict[str, str]]:
    """Return each way in which a token may be sent, as an OpenAPI security scheme by name, in the order of reading.

    ``kinds`` are the kinds of token, all of them if it is empty (OpenAPI 3.1, Security Scheme Object).
    """
    schemes: dict[str, dict[str, str]] = {}
    for source in settings.sources:
        for location in settings.locations:
            if (not kinds or location.kind in kinds) and (source == "header" or location.cookie is not None):
                name, scheme = _scheme(location, source)
                schemes[name] = scheme
    return schemes


def _scheme(location: TokenLocation, source: Source) -> tuple[str, dict[str, str]]:
    name, token = f"Privy{location.kind.capitalize()}", f"The {location.kind} token"
    if source == "cookie":
        about = f"{token}, which browsers send by themselves."
        return f"{name}Cookie", {"type": "apiKey", "description": about, "in": "cookie", "name": location.cookie or ""}
    if location.bearer:
        about = f"{token}, in `{location.header}`."
        return f"{name}Bearer", {"type": "http", "description": about, "scheme": "bearer", "bearerFormat": "JWT"}
    about = f"{token}, without a scheme."
    return f"{name}Header", {"type": "apiKey", "description": about, "in": "header", "name": location.header}
