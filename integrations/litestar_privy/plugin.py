"""Privy in a Litestar app."""

from copy import copy
from hashlib import sha256
from typing import Any, Unpack

from litestar import Request, Response
from litestar.config.app import AppConfig
from litestar.datastructures import MutableScopeHeaders
from litestar.di import Provide
from litestar.openapi.spec import Components
from litestar.plugins.base import InitPlugin, ReceiveRoutePlugin
from msgspec import defstruct

from litestar_privy.users import PROVIDERS, Preflight, requires_privy_user
from privy_middleware import ConfigurationError, PrivyError, PrivyMiddleware, plugin
from privy_middleware.asgi import (
    ASGIApp,
    MiddlewareOptions,
    Receive,
    Scope,
    Send,
    required_auth_in,
    required_lookup_in,
    warn_of_prefixes,
)

__all__ = ["Privy", "refusal_response"]

_FIX = "make the app with at least one of its route handlers"


def refusal_response(request: Request[Any, Any, Any], error: PrivyError) -> Response[bytes]:
    """Return the documented response for a ``PrivyError``: the exception handler that ``Privy`` adds to an app.

    Raises:
        PrivyError: the error itself, if it does not reject the request.
        ConfigurationError: if the plugin is not installed in the app.
    """
    return _response(required_lookup_in(request.scope, _FIX).refuse(error))


def _answer_preflight(*_: object) -> Response[bytes]:
    return _response(plugin.PREFLIGHT_ANSWER)


def _response(answer: plugin.Answer) -> Response[bytes]:
    return Response(answer.body, status_code=answer.status, headers=dict(answer.headers))


class Privy(InitPlugin, ReceiveRoutePlugin):
    """Install Privy in an app: ``Litestar(plugins=[Privy()])``."""

    @plugin.known_options('Privy({"APP_ID": "…"})', MiddlewareOptions.__annotations__)
    def __init__(self, config: plugin.Settings = None, **options: Unpack[MiddlewareOptions]) -> None:
        """Accept what ``PrivyMiddleware`` does; a wrong option is a ``ConfigurationError``, here or in ``Litestar``."""
        paths: Any = {name: options.get(name, ()) for name in ("protect", "exempt")}
        self.gate: plugin.Gate = plugin.build_gate(config, **paths)
        self._schemes: Any = plugin.security_schemes(self.gate.settings)
        self._options = options

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Add the middleware, exception handlers, dependencies and security schemes to an app."""
        if [type(each) for each in app_config.plugins].count(Privy) > 1:
            raise ConfigurationError("plugins", "has Privy twice; remove one of them")
        app_config.middleware.insert(0, _authenticated)
        answers = {PrivyError: refusal_response, **app_config.exception_handlers, Preflight: _answer_preflight}
        app_config.exception_handlers = answers
        app_config.after_exception.append(_reraise)
        app_config.on_startup[:0] = [self.gate.aready, lambda app: warn_of_prefixes(self.gate, app)]
        if app_config.cors_config:
            app_config.before_send.append(self._restore_vary)
        for name, provider in PROVIDERS.items():
            app_config.dependencies.setdefault(name, Provide(provider))
        # A cached response is for the same token alone, also where no guard runs; the store gets no personal data.
        app_config.response_cache_config = cache = copy(app_config.response_cache_config)
        key: Any = cache.key_builder
        cache.key_builder = lambda it: sha256(f"{it.scope['state']['privy_auth']} {key(it)}".encode()).hexdigest()
        if app_config.openapi_config:
            app_config.openapi_config = config = copy(app_config.openapi_config)
            given = config.components if isinstance(config.components, list) else [config.components]
            config.components = [*given, Components(security_schemes=self._schemes)]
        return app_config

    def receive_route(self, route: Any) -> None:
        """Wrap the router of an app in the middleware with its first route, and check and prepare each handler."""
        for handler in getattr(route, "route_handlers", None) or [route.route_handler]:
            if not isinstance(handler.app.asgi_router, _Router):
                handler.app.asgi_router = _Router(handler.app.asgi_router, self.gate.verifier, **self._options)
            _trust(handler)
            if hasattr(handler, "after_request") and plugin.may_hold_users(handler.parsed_return_field.annotation):
                hooks = [layer.after_request for layer in handler.ownership_layers if layer.after_request]
                handler.after_request = plugin.convert_content(*hooks[-1:])
            guards = [getattr(guard, "func", guard) for guard in handler.resolve_guards()]
            if requires_privy_user in guards:
                raise ConfigurationError("guards", "call requires_privy_user: guards=[requires_privy_user()]")
            ours = any(getattr(guard, "__module__", "") == requires_privy_user.__module__ for guard in guards)
            if hasattr(handler, "security") and (ours or "current_user" in handler.parsed_fn_signature.parameters):
                handler.security = [*(handler.security or ()), *({name: []} for name in self._schemes)]

    async def _restore_vary(self, message: Any, _: object) -> None:
        # Litestar's CORS middleware replaces the header.
        if message["type"] == "http.response.start" and plugin.has_content(message["status"]):
            headers = MutableScopeHeaders.from_message(message)
            headers["vary"] = plugin.merge_vary(headers.getall("vary", []), self.gate.vary)


class _Router(PrivyMiddleware):
    """The router of an app in our middleware: Litestar runs an app's own middleware after routing, or not at all."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.app, name)

    async def refuse(self, error: PrivyError, scope: Scope, receive: Receive, send: Send, /) -> None:
        handlers = scope["app"].exception_handlers
        handler = next(handlers[kind] for kind in type(error).__mro__ if kind in handlers)
        request = scope["app"].request_class(scope, receive, send)
        response = handler(request, error).to_asgi_response(None, request, type_encoders=scope["app"].type_encoders)
        await response(scope, receive, send)


def _authenticated(app: ASGIApp) -> Any:
    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        auth = required_auth_in(scope, _FIX)
        scope["user"], scope["auth"] = auth.user, auth
        await app(scope, receive, send)

    return serve


async def _reraise(error: Exception, scope: Any) -> None:
    # Litestar would close a WebSocket with its own code.
    if scope["type"] == "websocket" and isinstance(error, PrivyError):
        raise error


def _trust(handler: Any) -> None:
    """Let a handler and its dependencies have users as parameters, which msgspec must not validate or read."""
    provided = handler.resolve_dependencies()
    for taker in (handler, *provided.values()):
        fields = taker.parsed_fn_signature.parameters
        users = {name for name in fields if plugin.verified_class(fields[name].annotation)} - {"request", "socket"}
        if read := users - provided.keys():
            fix = f"would read {', '.join(sorted(read))} from the request: use current_user: CurrentUser"
            raise ConfigurationError(plugin.view_name(handler.fn), fix)
        if users and (base := taker.signature_model).__module__ != __name__:
            model = defstruct("Trusting", [(name, Any) for name in users], bases=(base,), module=__name__, kw_only=True)
            setattr(taker, "_signature_model" if taker is handler else "signature_model", model)
