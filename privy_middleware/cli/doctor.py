"""``privy-middleware doctor``: the settings, the keys, the clock, the app and the versions, with what to do."""

from __future__ import annotations

import inspect
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import click

from privy_middleware.asgi.inner_apps import has_cors
from privy_middleware.cli.apps import (
    check_views,
    django_project,
    framework_of,
    gates_of,
    layers,
    load_app,
    module,
)
from privy_middleware.cli.output import Finding, echo_json, exit_code, print_findings
from privy_middleware.cli.published import check_keys
from privy_middleware.cli.versions import check_versions
from privy_middleware.config import PrivyConfig, RequestSettings
from privy_middleware.errors import ConfigurationError, KeysUnavailable
from privy_middleware.gate import Gate, build_gate
from privy_middleware.http.loopback import is_local_host

__all__ = ["doctor_command"]

_SETTINGS_FIX = "change the setting; docs/configuration.md lists them all"
_PAGES = ("refresh_url", "login_url")


@click.command("doctor", short_help="Check settings, keys, clock, app and versions.")
@click.argument("app", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor_command(*, app: str | None, as_json: bool) -> int:
    """Check the settings, the keys, the clock and the versions of APP, and say what to do.

    APP is module:attribute or module:function(), such as main:app. Without it the settings are those of
    DJANGO_SETTINGS_MODULE, or else of the environment. The published keys are fetched. Nothing secret is printed.
    """
    findings = [*_check(app), *check_versions()]
    if as_json:
        echo_json({"findings": [each.to_dict() for each in findings], "passed": not exit_code(findings)})
    else:
        print_findings(findings)
    return exit_code(findings)


def _check(target: str | None) -> Iterator[Finding]:
    gates: list[Gate] = []
    with _warnings_of_settings() as warnings:
        try:
            yield from _gates(target, gates)
        except ConfigurationError as error:
            yield _of_settings(error)
    yield from (Finding("warning", "settings", each) for each in warnings)
    for gate in gates:
        yield from _check_settings(gate.settings)
        yield from _check_all_keys(gate)


def _of_settings(error: ConfigurationError) -> Finding:
    return Finding("error", "settings", str(error), _SETTINGS_FIX, error.code)


def _gates(target: str | None, gates: list[Gate]) -> Iterator[Finding]:
    """Yield what is found about the app or the project, and add its gates to the list."""
    if target is not None:
        app = load_app(target)
        gates += gates_of(app)
        yield from _check_app(app) if gates else [_not_installed(target, app)]
    elif os.environ.get("DJANGO_SETTINGS_MODULE"):
        django_project()
        yield from _check_django()
        # The system checks have reported wrong settings.
        with suppress(ConfigurationError):
            gates.append(module("django_privy.conf").PrivySettings().gate)
    else:
        gates.append(build_gate())
        yield Finding("ok", "settings", "those of the environment are right; give an app to check its own")


def _not_installed(target: str, app: object) -> Finding:
    if inspect.isroutine(app):
        message = f"{target} is a function, and what it calls cannot be seen"
        return Finding("warning", "app", message, "name the app inside it")
    fix = "install it: Privy(app), or PrivyMiddleware around the app, or for Django in MIDDLEWARE"
    return Finding("error", "app", f"Privy is not installed in {target}", fix)


def _check_app(app: Any) -> Iterator[Finding]:
    around = [each for each in layers(app) if isinstance(getattr(each, "gate", None), Gate)]
    if any(has_cors(each.app) for each in around):
        message = "CORSMiddleware runs inside Privy's middleware, so error responses have no CORS headers"
        yield Finding("warning", "middleware", message, "add CORSMiddleware after Privy, so that it runs outside")
    elif any(has_cors(each) for each in layers(app)):
        yield Finding("ok", "middleware", "CORSMiddleware runs outside Privy's")
    for each in layers(app):
        if framework_of(each) == "django":
            yield from _check_django()
        try:
            check_views(each)
        except ConfigurationError as error:
            yield _of_settings(error)
    yield Finding("ok", "app", "Privy is installed")


def _check_django() -> Iterator[Finding]:
    messages = module("django_privy.checks").check_privy()
    for each in messages:
        serious = each.level >= module("django.core.checks").ERROR
        yield Finding("error" if serious else "warning", "django", each.msg, each.hint or "", each.id or "")
    if not messages:
        yield Finding("ok", "django", "the system checks of django_privy found nothing")


def _check_settings(settings: RequestSettings) -> Iterator[Finding]:
    if isinstance(settings, PrivyConfig):
        yield Finding("ok", "app id", ", ".join(settings.app_ids))
    if settings.debug_reasons:
        message = "debug_reasons is on: local clients see why a request was refused"
        yield Finding("warning", "settings", message, "do not set it in production")
    addresses = [("trusted_origins", each) for each in settings.trusted_origins]
    addresses += [(name, getattr(settings, name) or "") for name in _PAGES]
    for name, address in addresses:
        if address.startswith("http:") and not is_local_host(urlsplit(address).netloc):
            message = f"{name} has {address}, where anybody in between can read and change pages"
            yield Finding("warning", "settings", message, "use https")
    if "cookie" in settings.sources:
        message = "tokens are read from cookies, which browsers drop above 4,096 bytes: about 14 linked wallets"
        yield Finding("ok", "cookies", message, "if users have more accounts, send the identity token in a header")


def _check_all_keys(gate: Gate) -> Iterator[Finding]:
    settings = gate.settings
    if isinstance(settings, PrivyConfig):
        for app_id in settings.app_ids:
            yield from check_keys(settings, app_id)
        return
    try:
        gate.verifier.ready()
    except KeysUnavailable as error:
        yield Finding(
            "error", "keys", str(error), "check the network, a proxy, certificates and the address of the keys"
        )
    else:
        yield Finding("ok", "keys", f"there are keys for {type(gate.verifier).__name__}")


@contextmanager
def _warnings_of_settings() -> Iterator[list[str]]:
    """Collect the warnings that the library logs about settings, and keep them out of stderr."""
    handler, logger = _Collected(), logging.getLogger("privy_middleware.settings")
    propagates, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield handler.messages
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagates


class _Collected(logging.Handler):
    """A handler that keeps the messages that no other check reports."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if not message.startswith(("debug_reasons", "CORSMiddleware")):
            self.messages.append(message)
