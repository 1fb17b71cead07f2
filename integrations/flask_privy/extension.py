"""The extension object: ``Privy(app)``, or ``Privy()`` and ``privy.init_app(app)``."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, Unpack, cast

from flask import Blueprint, Flask, Response, current_app, got_request_exception, request
from flask.typing import ResponseReturnValue

from flask_privy import signals
from flask_privy.decorators import GUARDED, is_optional
from flask_privy.exceptions import Answered, PrivyHTTPException, Raised, to_answer
from flask_privy.guards import Exempt, Guard, enter
from flask_privy.lookup import FlaskLookup, send_signal
from flask_privy.proxies import privy_auth, privy_user
from flask_privy.request import PrivyRequest, current_lookup, find_lookup
from flask_privy.serialisation import answer_with_users
from privy_middleware import ConfigurationError, PrivyError, condition
from privy_middleware.events import Event, RequestEvent
from privy_middleware.plugin import (
    PRIVATE,
    ConditionWords,
    Gate,
    Predicate,
    Settings,
    SettingsSource,
    build_gate,
    has_content,
    known_options,
    merge_vary,
    requirement,
)

__all__ = ["Privy"]

_PREFIX = "PRIVY_"
_PROTECT = "is not a setting or an option: call privy.protect(app) or privy.protect(blueprint), which have exempt=[…]"


class Privy:
    """The extension that adds the Privy user to the requests of one or more Flask apps.

    The object stores only the configuration it was created with. Each app has its own gate, with settings and keys, in
    ``app.extensions["privy"]``.
    """

    @known_options('Privy(app, {"APP_ID": "…"})', hints={"protect": _PROTECT, "exempt": _PROTECT})
    def __init__(self, app: Flask | None = None, config: Settings = None) -> None:
        """Set up ``app`` if it is given; ``config`` is the default for ``init_app``.

        Raises:
            ConfigurationError: if a setting is wrong.
        """
        self._config = config
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask, config: Settings = None) -> None:
        """Set up an app with the settings in ``config``, in ``app.config["PRIVY_…"]`` and in the environment.

        They add up in this order; a ``PrivyConfig`` or a verifier is complete.

        Raises:
            ConfigurationError: if a setting is wrong, or the app is already set up.
            KeysUnavailable: with ``fail_fast``, if the keys cannot be fetched.
        """
        if not isinstance(app, Flask):
            raise ConfigurationError(
                "app", "the first argument is the app, the second its settings: Privy(app, config)"
            )
        if "privy" in app.extensions:
            raise ConfigurationError("app", "is already set up with Privy; set it up only once")
        gate = _gate_of(app, self._config if config is None else config)
        reporter = gate.reporter
        reporter.require_sync()
        if gate.settings.fail_fast:
            gate.ready()
        app.extensions["privy"] = gate
        # Classes are freed only by the garbage collector. A strong reference to the app would keep it alive until then.
        own = weakref.ref(app)
        state: dict[str, Any] = {"privy_app": own, "privy_gate": gate}
        app.request_class = type("PrivyRequest", (PrivyRequest, app.request_class), state)
        reporter.subscribe(_sends_events(own), lambda: own() and signals.event.receivers)
        app.after_request(_tell_caches)
        got_request_exception.connect(_report, app)
        app.context_processor(lambda: {"privy_auth": privy_auth, "privy_user": privy_user})
        answer_with_users(app)
        _handle_errors(app)
        GUARDED.watch(app)
        app.before_request(_check_views)
        if gate.settings.on_missing == "reject":
            app.before_request(_require_unless_optional)

    def protect(
        self,
        scaffold: Flask | Blueprint,
        *predicates: Predicate,
        exempt: Exempt = (),
        **words: Unpack[ConditionWords],
    ) -> None:
        """Require a user for every request of an app, or for the views of a blueprint and its nested blueprints.

        In a protected app, URLs without a route require a user too. URLs without a route below a blueprint's prefix do
        not, because they belong to no blueprint. ``exempt`` lists the exceptions: endpoints, view functions or view
        classes. CORS preflights are never rejected.

        Raises:
            ConfigurationError: if ``scaffold`` is not an app or a blueprint, or ``exempt`` is a string; and at the
                first request, if an exempt endpoint or view does not exist.
        """
        if not hasattr(scaffold, "before_request"):
            raise ConfigurationError("protect", "give an app or a blueprint: Flask protects views, not paths")
        scaffold.before_request(Guard(scaffold, requirement(condition(*predicates, **words)), exempt))


def _gate_of(app: Flask, config: Settings) -> Gate:
    named = {key.removeprefix(_PREFIX): value for key, value in app.config.items() if key.startswith(_PREFIX)}
    return build_gate(config, framework=SettingsSource(named, f'app.config["{_PREFIX}{{}}"]', option_fix=_PROTECT))


def _check_views() -> None:
    """Check the views before the first request, when all are registered, and repeat this until no mistake is found."""
    app: Flask = cast(Any, current_app)._get_current_object()
    GUARDED.check(app)
    for functions in app.before_request_funcs.values():
        for guard in functions:
            if isinstance(guard, Guard):
                guard.check(app)
    # A new list, because running requests may be iterating over the old one.
    app.before_request_funcs[None] = [each for each in app.before_request_funcs[None] if each is not _check_views]


def _handle_errors(app: Flask) -> None:
    app.register_error_handler(Raised, _on_raised)
    app.register_error_handler(Answered, _on_answered)
    if PrivyError not in app.error_handler_spec[None][None]:
        app.register_error_handler(PrivyError, _on_privy_error)


def _on_raised(error: Raised) -> ResponseReturnValue:
    return current_app.handle_user_exception(error.error)


def _on_privy_error(error: PrivyError) -> ResponseReturnValue:
    lookup = current_lookup()
    answer = lookup.refuse(error)
    return current_app.handle_http_exception(to_answer(error, answer))


def _on_answered(error: PrivyHTTPException) -> ResponseReturnValue:
    return error.get_response()


def _require_unless_optional() -> ResponseReturnValue | None:
    lookup, view = current_lookup(), current_app.view_functions.get(request.endpoint or "")
    stays_open = is_optional(view) or lookup.gate.is_sign_in_page(lookup.request)
    return None if stays_open else enter(requirement())


def _tell_caches(response: Response) -> Response:
    """Add caching headers, and the headers of the error if the app created the error response itself."""
    lookup = find_lookup()
    if lookup is not None:
        _complete(response, lookup)
        lookup.report()
    return response


def _report(_: Flask, **__: object) -> None:
    """Report the decision about a request that fails, which in a test has no response."""
    lookup = find_lookup()
    if lookup is not None:
        lookup.report()


def _sends_events(app: weakref.ref[Flask]) -> Callable[[Event], None]:
    """Return a hook that sends the signal for events that are not about a request, which their lookup sends."""

    def send(happened: Event) -> None:
        if not isinstance(happened, RequestEvent):
            send_signal(signals.event, app(), event=happened)

    return send


def _may_look_later(response: Response) -> bool:
    """Return whether code of the app may still ask for the user, while the response is sent."""
    return has_content(response.status_code) and response.is_streamed and response.content_length is None


def _complete(response: Response, lookup: FlaskLookup) -> None:
    headers, refused = response.headers, lookup.refused
    if refused is not None and refused.status == response.status_code:
        answer = lookup.refuse(refused)
        for name, value in answer.headers_for(headers.get("Content-Type", "")):
            if name != "Set-Cookie":
                headers.setdefault(name, value)
            elif value not in headers.getlist(name):
                headers.add(name, value)
    if lookup.auth is not None or _may_look_later(response):
        # Read the names once: each lookup in the headers would go through all of them.
        own = {name.lower() for name, _ in headers}
        if "vary" in own:
            headers["Vary"] = merge_vary(headers.getlist("Vary"), lookup.gate.vary)
        else:
            headers.add("Vary", merge_vary((), lookup.gate.vary))
        if lookup.presented and "cache-control" not in own:
            headers.add("Cache-Control", PRIVATE)
