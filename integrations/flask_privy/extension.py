"""The extension object: ``Privy(app)``, or ``Privy()`` and ``privy.init_app(app)``."""

from __future__ import annotations

import weakref
from typing import Any, Unpack, cast

from flask import Blueprint, Flask, Response, current_app, request
from flask.typing import ResponseReturnValue

from flask_privy.decorators import GUARDED, is_optional
from flask_privy.exceptions import Answered, PrivyHTTPException, Raised, to_answer
from flask_privy.guards import Exempt, Guard, enter
from flask_privy.lookup import FlaskLookup
from flask_privy.proxies import privy_auth, privy_user
from flask_privy.request import PrivyRequest, current_lookup, find_lookup
from privy_middleware import ConfigurationError, PrivyError, condition
from privy_middleware.plugin import (
    PRIVATE,
    ConditionWords,
    Gate,
    Predicate,
    Settings,
    build_gate,
    has_content,
    merge_vary,
    requirement,
)

__all__ = ["Privy"]

_PREFIX = "PRIVY_"


class Privy:
    """Give the requests of one or several Flask apps their Privy user.

    Nothing is kept on this object but the settings it was given: each app has its gate in ``app.extensions["privy"]``.
    """

    def __init__(self, app: Flask | None = None, config: Settings = None) -> None:
        """Set up ``app`` if it is given; ``config`` is for every app that brings none of its own.

        Raises:
            ConfigurationError: when a setting is wrong.
        """
        self._config = config
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask, config: Settings = None) -> None:
        """Set up an app with ``config``, else with ``app.config["PRIVY_…"]``, else with the environment.

        Raises:
            ConfigurationError: when a setting is wrong, or the app is set up already.
            KeysUnavailable: with ``fail_fast``, when the keys cannot be had.
        """
        if "privy" in app.extensions:
            raise ConfigurationError("app", "has its Privy already; set it up once")
        gate = _gate_of(app, self._config if config is None else config)
        if gate.settings.fail_fast:
            gate.ready()
        app.extensions["privy"] = gate
        # A class is freed by the garbage collector alone, and so would be an app that it referred to.
        state = {"privy_app": weakref.ref(app), "privy_gate": gate}
        app.request_class = type("PrivyRequest", (PrivyRequest, app.request_class), state)
        app.after_request(_tell_caches)
        app.context_processor(lambda: {"privy_auth": privy_auth, "privy_user": privy_user})
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
        """Require a user for every request of an app, or for the views of a blueprint and of those nested in it.

        In an app unknown addresses require one too; those below a blueprint's prefix belong to no blueprint.
        ``exempt`` lists views that stay open: endpoints, view functions or view classes. A CORS preflight passes.

        Raises:
            ConfigurationError: when ``exempt`` is a single name.
        """
        scaffold.before_request(Guard(scaffold, requirement(condition(*predicates, **words)), exempt))


def _gate_of(app: Flask, config: Settings) -> Gate:
    named = {key.removeprefix(_PREFIX): value for key, value in app.config.items() if key.startswith(_PREFIX)}
    if config is not None or not named:
        return build_gate(config)
    try:
        return build_gate(named)
    except ConfigurationError as error:
        error.args = (f"{_PREFIX}{error.field.upper()} ({error})",)
        raise


def _check_views() -> None:
    """Look at the views before the first request, when all are there, and until nothing is wrong with them."""
    app: Flask = cast(Any, current_app)._get_current_object()
    GUARDED.check(app)
    # Requests that are under way go through the list as it was.
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
    answer = lookup.gate.answer(error)
    lookup.refuse(error)
    return current_app.handle_http_exception(to_answer(error, answer))


def _on_answered(error: PrivyHTTPException) -> ResponseReturnValue:
    return error.get_response()


def _require_unless_optional() -> ResponseReturnValue | None:
    lookup, view = current_lookup(), current_app.view_functions.get(request.endpoint or "")
    stays_open = is_optional(view) or lookup.gate.is_sign_in_page(lookup.request)
    return None if stays_open else enter(requirement())


def _tell_caches(response: Response) -> Response:
    """Say what the answer depended on or, written bit by bit, may yet depend on.

    Add what belongs to a refusal, too, where the app wrote the answer itself.
    """
    lookup = find_lookup()
    if lookup is not None:
        _complete(response, lookup)
    return response


def _complete(response: Response, lookup: FlaskLookup) -> None:
    headers, refused = response.headers, lookup.refused
    if refused is not None and refused.status == response.status_code:
        for name, value in lookup.gate.answer(refused).headers:
            headers.setdefault(name, value)
    streams = has_content(response.status_code) and response.is_streamed and response.content_length is None
    if lookup.auth is not None or streams:
        # One walk through the headers; each question to them is another.
        own = {name.lower() for name, _ in headers}
        if "vary" in own:
            headers["Vary"] = merge_vary(headers.getlist("Vary"), lookup.gate.vary)
        else:
            headers.add("Vary", merge_vary((), lookup.gate.vary))
        if lookup.presented and "cache-control" not in own:
            headers.add("Cache-Control", PRIVATE)
