"""The settings: checked when they are made, and immutable."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self, TypeAlias, get_args

from privy_middleware.callbacks import require_sync
from privy_middleware.errors import ConfigurationError, PrivyError
from privy_middleware.events import OnEvent
from privy_middleware.fetching.client_options import check_client_options
from privy_middleware.fetching.urls import check_fetch_url
from privy_middleware.http.cookies import cleared_cookies
from privy_middleware.http.credentials import (
    ACCESS_COOKIE,
    ACCESS_HEADER,
    IDENTITY_COOKIE,
    IDENTITY_HEADER,
    Source,
    TokenLocation,
)
from privy_middleware.http.cross_site import check_origin_setting
from privy_middleware.keys import KeyCache, KeyMaterial, KeySet
from privy_middleware.keys.by_name import check_jwks_urls, load_key_sets
from privy_middleware.keys.cache_signature import check_cache_secrets
from privy_middleware.reporting import Reporter, read_hooks
from privy_middleware.revocation import Revocations
from privy_middleware.revocation.redis_store import revocations_of
from privy_middleware.settings.placeholders import check_no_placeholder
from privy_middleware.settings.sources import CODE_ONLY, SettingsSource, build_settings, environment, named_settings
from privy_middleware.tokens.claims import Claims, TokenKind

__all__ = [
    "ErrorBody",
    "OnInvalid",
    "PRIVY_API_URL",
    "PRIVY_JWKS_URL",
    "Preflight",
    "PrivyConfig",
    "RequestSettings",
    "check_on_invalid",
]

ErrorBody: TypeAlias = Literal["message", "detail", "problem"]
OnInvalid: TypeAlias = Literal["reject", "anonymous"]
Preflight: TypeAlias = Literal["answer", "pass"]

PRIVY_API_URL = "https://api.privy.io/v1"
PRIVY_JWKS_URL = "https://auth.privy.io/api/v1/apps/{app_id}/jwks.json"

_FIELD_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")
# Visible ASCII characters: anything else could not be sent in a header, or would be read in another way by browsers.
_PAGE = re.compile(r"(https?://[^/]|/(?![/\\]))[!-\[\]-~]*")
_COOKIE_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+", re.IGNORECASE)
_REJECT_OR_ANONYMOUS = 'set "reject" or "anonymous"'
_APP_ID = "copy the app id from the Privy dashboard"


def _require(valid: bool, name: str, fix: str) -> None:
    if not valid:
        raise ConfigurationError(name, fix)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def check_on_invalid(on_invalid: object) -> None:
    """Check the ``on_invalid`` of a route, which is ``"reject"``, ``"anonymous"`` or ``None``.

    Raises:
        ConfigurationError: if it is anything else.
    """
    _require(on_invalid is None or on_invalid in get_args(OnInvalid), "on_invalid", _REJECT_OR_ANONYMOUS)


@dataclass(frozen=True, kw_only=True)
class RequestSettings:
    """The settings that all families of tokens have in common.

    Times are in seconds, sizes in bytes or entries.
    """

    issuer_name: ClassVar[str]
    alternatives: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """Settings of which one is enough: where one of them is set, the others from a lower source are ignored."""

    sources: Sequence[Source] = ("header", "cookie")
    """Where tokens are read from, in this order; the first source that has a token is used."""
    on_missing: OnInvalid = "anonymous"
    """What happens to a request without a token: it reaches the app, or with ``"reject"`` gets a 401."""
    on_invalid: OnInvalid = "reject"
    """What happens to a bad token where the user is optional: a 401, or with ``"anonymous"`` there is no user."""
    preflight: Preflight = "answer"
    """Who answers a CORS preflight of a protected path: the middleware, or with ``"pass"`` the app."""
    trusted_origins: Sequence[str] = ()
    """Other origins whose pages may send tokens in cookies with unsafe methods."""
    leeway: float = 10.0
    """The tolerance for clocks that differ, at most 60 s; it applies to ``exp``, ``nbf`` and ``iat``."""
    max_token_bytes: int = 16384
    """Longer tokens are refused and not decoded."""
    token_cache_size: int = 4096
    """How many verified tokens are cached at most, for each kind; 0 switches the cache off."""
    token_cache_bytes: int = 33_554_432
    """How much memory the cache may use, for each kind, estimated from the lengths of the tokens."""
    token_cache_seconds: float = 300.0
    """How long a verified token is cached at most; never longer than until its ``exp``."""
    key_lifetime: float = 3600.0
    """How long fetched keys are fresh if the key server does not say."""
    key_grace: float = 86400.0
    """How long stale keys are used while the key server fails."""
    key_cooldown: float = 30.0
    """How long after a fetch for an unknown ``kid`` no other unknown ``kid`` causes a fetch."""
    key_timeout: float = 5.0
    """The total time that a fetch may take."""
    fail_fast: bool = False
    """Whether the app does not start if the keys cannot be fetched."""
    client_options: Mapping[str, Any] = field(default_factory=dict, repr=False, metadata=CODE_ONLY)
    """Options passed to httpx2's clients: ``proxy``, ``verify``, ``trust_env``, …"""
    key_cache: KeyCache | None = field(default=None, repr=False, metadata=CODE_ONLY)
    """A cache in which workers share fetched keys, such as a ``RedisKeyCache``."""
    key_cache_secret: str | Sequence[str] | None = field(default=None, repr=False)
    """The secret that signs the entries of the key cache: the app secret or one of its own; the first of several."""
    is_revoked: Callable[[Claims], bool] | None = field(default=None, repr=False, metadata=CODE_ONLY)
    """Called with the verified claims at each request, cached or not; the token is refused if it returns ``True``."""
    revocations: Revocations | str | None = field(default=None, repr=False)
    """Where revoked sessions, users and tokens are stored: a ``Revocations``, or the URL of a Redis server."""
    on_refused: Callable[[PrivyError], None] | None = field(default=None, repr=False, metadata=CODE_ONLY)
    """Called with the error whenever a token is not accepted; its ``code`` says why."""
    on_event: OnEvent | Sequence[OnEvent] | None = field(default=None, repr=False, metadata=CODE_ONLY)
    """Called with each event, such as ``events.Refused``: a function, sync or async, or a list of them."""
    debug_reasons: bool = False
    """Whether refusals have the reason in the header ``Privy-Debug-Reason``, for requests over loopback only."""
    refresh_url: str | None = None
    """The page that refreshes a session in the browser, and then goes to its ``redirect_uri``."""
    login_url: str | None = None
    """The page where users sign in: browsers are sent there from pages that require a user; API calls get a 401."""
    cookie_domain: str | None = None
    """The domain for which Privy sets its cookies; signing out deletes them there too, and not only on the host."""
    error_body: ErrorBody = "message"
    """The form of the JSON object in an error response: its one name, or a ``"problem"`` of RFC 9457."""
    reporter: Reporter = field(init=False, repr=False, compare=False, default_factory=Reporter)
    """Reports the events of everything that has these settings."""

    def __post_init__(self) -> None:
        """Check every setting.

        Raises:
            ConfigurationError: if a setting is wrong, naming it and the fix.
        """
        self._freeze_sequences("sources", "trusted_origins")
        self._check_sources()
        for name in ("on_missing", "on_invalid"):
            _require(getattr(self, name) in get_args(OnInvalid), name, _REJECT_OR_ANONYMOUS)
        _require(self.preflight in ("answer", "pass"), "preflight", 'set "answer" or "pass"')
        origins = tuple(check_origin_setting(origin, "trusted_origins") for origin in self.trusted_origins)
        object.__setattr__(self, "trusted_origins", origins)
        self._check_numbers()
        for name in ("is_revoked", "on_refused"):
            value = getattr(self, name)
            _require(value is None or callable(value), name, "give a callable, or leave it out")
            require_sync(value, name)
        for name in ("refresh_url", "login_url"):
            value = getattr(self, name)
            valid = value is None or (isinstance(value, str) and _PAGE.fullmatch(value) is not None)
            fix = 'set a path such as "/refresh" or an absolute http(s) address, with other characters percent-encoded'
            _require(valid, name, fix)
        domain = self.cookie_domain
        valid = domain is None or (isinstance(domain, str) and _DOMAIN.fullmatch(domain) is not None)
        _require(
            valid, "cookie_domain", 'set a domain such as "example.com", without a scheme, a port or a leading dot'
        )
        _require(self.error_body in get_args(ErrorBody), "error_body", 'set "message", "detail" or "problem"')
        for name in ("fail_fast", "debug_reasons"):
            _require(isinstance(getattr(self, name), bool), name, "set True or False")
        object.__setattr__(self, "reporter", Reporter(read_hooks(self.on_event)))
        object.__setattr__(self, "revocations", revocations_of(self.revocations))
        if self.stored_revocations is not None:
            self.stored_revocations.report_to(self.reporter)
        cache = self.key_cache
        usable = cache is None or (callable(getattr(cache, "get", None)) and callable(getattr(cache, "set", None)))
        _require(usable, "key_cache", "give an object with get and set, such as a RedisKeyCache")
        for method in ("get", "set"):
            require_sync(getattr(cache, method, None), "key_cache")
        if self.key_cache_secret is not None:
            object.__setattr__(self, "key_cache_secret", check_cache_secrets(self.key_cache_secret))
        _require(isinstance(self.client_options, Mapping), "client_options", "give a dict of httpx2 client options")
        check_client_options(self.client_options)

    def _freeze_sequences(self, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            items = (value,) if isinstance(value, str) else value
            _require(isinstance(items, Collection), name, "give a list or a tuple")
            object.__setattr__(self, name, tuple(items))

    def _check_sources(self) -> None:
        known = bool(self.sources) and all(source in ("header", "cookie") for source in self.sources)
        _require(known, "sources", 'list "header", "cookie" or both, in the order to read them')
        _require(len(set(self.sources)) == len(self.sources), "sources", "name each source once")

    def _check_numbers(self) -> None:
        limits = {
            "leeway": (0, 60),
            "max_token_bytes": (256, 1 << 20),
            "token_cache_size": (0, 1 << 24),
            "token_cache_bytes": (1 << 16, 1 << 40),
            "token_cache_seconds": (0, 86400),
            "key_lifetime": (60, 7 * 86400),
            "key_grace": (0, 30 * 86400),
            "key_cooldown": (1, 3600),
            "key_timeout": (0.1, 60),
        }
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            valid = _is_number(value) and low <= value <= high
            _require(valid, name, f"set a number from {low} to {high}")
        for name in ("max_token_bytes", "token_cache_size", "token_cache_bytes"):
            _require(isinstance(getattr(self, name), int), name, "set a whole number")

    @property
    def stored_revocations(self) -> Revocations | None:
        """Return the setting ``revocations`` as an object, if it is set."""
        return self.revocations if isinstance(self.revocations, Revocations) else None

    @property
    def locations(self) -> tuple[TokenLocation, ...]:
        """Return the headers and cookies that tokens are read from."""
        raise NotImplementedError

    @property
    def key_cache_secrets(self) -> tuple[str, ...]:
        """Return the secrets of the key cache: the first signs its entries, and all verify them."""
        return () if self.key_cache_secret is None else tuple(self.key_cache_secret)

    @property
    def cleared_cookies(self) -> tuple[str, ...]:
        """Return the ``Set-Cookie`` values that delete Privy's cookies when a user signs out."""
        names = [each.cookie for each in self.locations if each.cookie is not None]
        return cleared_cookies(names, self.cookie_domain) if names else ()

    @classmethod
    def from_mapping(cls, settings: Mapping[str, Any]) -> Self:
        """Build a configuration from a mapping whose keys are field names, in upper or lower case.

        Raises:
            ConfigurationError: if a key is unknown, or a value is wrong.
        """
        _require(isinstance(settings, Mapping), "settings", 'give a dict such as {"APP_ID": "…"}')
        return build_settings(cls, [SettingsSource(settings)])

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, *, prefix: str = "PRIVY_", **settings: Any) -> Self:
        """Build a configuration from environment variables such as ``PRIVY_APP_ID``; empty ones count as unset.

        Keyword arguments are settings that take precedence over the environment. A warning is logged for variables that
        have the prefix but are not settings.

        Raises:
            ConfigurationError: if a value is missing or wrong.
        """
        return build_settings(cls, [SettingsSource(settings), environment(cls, environ, prefix)])


@named_settings
@dataclass(frozen=True, kw_only=True)
class PrivyConfig(RequestSettings):
    """The settings of one Privy app, or of several that share this process.

    Raises:
        ConfigurationError: if a setting is wrong, naming it and the fix.
    """

    issuer_name: ClassVar[str] = "privy.io"
    alternatives: ClassVar[tuple[tuple[str, ...], ...]] = (("verification_key", "jwks_url"),)

    app_id: str | Sequence[str]
    """The app id from the dashboard, which is the tokens' ``aud``; a list for several apps."""
    verification_key: KeyMaterial | None = field(default=None, repr=False)
    """The dashboard's verification key: PEM in any form, a JWK or a JWKS; for several apps a dict by app id."""
    jwks_url: str | Mapping[str, str] | None = None
    """The URL that keys are fetched from without a ``verification_key``; ``{app_id}`` is replaced by the app id."""
    tokens: Sequence[str] = ("identity", "access")
    """The kinds of tokens that are accepted: ``"identity"``, ``"access"`` or both."""
    identity_header: str = IDENTITY_HEADER
    """The header with the identity token."""
    access_header: str = ACCESS_HEADER
    """The header with the access token; in ``authorization`` it follows the word ``Bearer``."""
    identity_cookie: str = IDENTITY_COOKIE
    """The cookie with the identity token."""
    access_cookie: str = ACCESS_COOKIE
    """The cookie with the access token."""
    app_secret: str | Mapping[str, str] | None = field(default=None, repr=False)
    """The app secret, for the REST API only and not for verification; for several apps a dict by app id."""
    api_url: str = PRIVY_API_URL
    """The URL of the REST API, which loads users; a development issuer has one too."""
    key_sets: Mapping[str, KeySet] = field(init=False, repr=False, compare=False, default_factory=dict)
    """The fixed keys by app id, read from ``verification_key``."""

    def __post_init__(self) -> None:
        """Check every setting, and read the keys.

        Raises:
            ConfigurationError: if a setting is wrong, naming it and the fix.
        """
        super().__post_init__()
        self._check_app_ids()
        self._freeze_sequences("tokens")
        kinds = bool(self.tokens) and all(kind in ("identity", "access") for kind in self.tokens)
        _require(kinds, "tokens", 'list "identity", "access" or both')
        self._check_names()
        self._check_placeholders()
        key_sets = load_key_sets(self.verification_key, self.app_ids, "app id", ("ES256",))
        object.__setattr__(self, "key_sets", key_sets)
        check_jwks_urls(self.jwks_url, self.app_ids, "app id")
        for app_id in self.app_ids:
            if app_id not in self.key_sets:
                check_fetch_url(self.jwks_url_of(app_id), "jwks_url")
        self._check_secrets()
        check_fetch_url(self.api_url, "api_url")

    @property
    def app_ids(self) -> tuple[str, ...]:
        """Return the app ids, one or several."""
        return (self.app_id,) if isinstance(self.app_id, str) else tuple(self.app_id)

    @property
    def locations(self) -> tuple[TokenLocation, ...]:
        """Return the headers and cookies of the accepted kinds of tokens."""
        places: tuple[tuple[TokenKind, str, str], ...] = (
            ("identity", self.identity_header, self.identity_cookie),
            ("access", self.access_header, self.access_cookie),
        )
        locations = (TokenLocation(*each, bearer=each[1] == "authorization") for each in places)
        return tuple(each for each in locations if each.kind in self.tokens)

    def jwks_url_of(self, app_id: str) -> str:
        """Return the URL that an app's keys are fetched from."""
        url = self.jwks_url
        if isinstance(url, Mapping):
            url = url.get(app_id)
        return (url or PRIVY_JWKS_URL).replace("{app_id}", app_id)

    def app_secret_of(self, app_id: str) -> str | None:
        """Return an app's secret, if it is configured."""
        secret = self.app_secret
        return secret.get(app_id) if isinstance(secret, Mapping) else secret

    def _check_app_ids(self) -> None:
        if not isinstance(self.app_id, str):
            _require(isinstance(self.app_id, Collection), "app_id", _APP_ID)
            self._freeze_sequences("app_id")
        _require(bool(self.app_ids), "app_id", _APP_ID)
        for app_id in self.app_ids:
            _check_app_id(app_id)
        _require(len(set(self.app_ids)) == len(self.app_ids), "app_id", "name each app once")

    def _check_names(self) -> None:
        for name in ("identity_header", "access_header"):
            value = getattr(self, name)
            valid = isinstance(value, str) and _FIELD_NAME.fullmatch(value.lower()) is not None
            _require(valid, name, "set an HTTP field name")
            object.__setattr__(self, name, value.lower())
        for name in ("identity_cookie", "access_cookie"):
            value = getattr(self, name)
            valid = isinstance(value, str) and _COOKIE_NAME.fullmatch(value) is not None
            _require(valid, name, "set a cookie name")
        if len(set(self.tokens)) > 1:
            _require(self.identity_header != self.access_header, "identity_header", "must differ from access_header")
            _require(self.identity_cookie != self.access_cookie, "identity_cookie", "must differ from access_cookie")

    def _check_placeholders(self) -> None:
        for name, noun in (("verification_key", "verification key"), ("app_secret", "app secret")):
            value = getattr(self, name)
            for each in value.values() if isinstance(value, Mapping) else [value]:
                check_no_placeholder(each, name, noun)

    def _check_secrets(self) -> None:
        secret = self.app_secret
        if isinstance(secret, Mapping):
            _require(set(secret) <= set(self.app_ids), "app_secret", "every key of the dict must be one of the app ids")
            secrets = list(secret.values())
        else:
            single = secret is None or len(self.app_ids) == 1
            _require(single, "app_secret", "for several apps give a dict from app id to secret")
            secrets = [] if secret is None else [secret]
        valid = all(isinstance(each, str) and each != "" and not re.search(r"\s", each) for each in secrets)
        _require(valid, "app_secret", "copy the app secret from the Privy dashboard, exactly")


def _check_app_id(app_id: object) -> None:
    check_no_placeholder(app_id, "app_id", "app id")
    valid = isinstance(app_id, str) and re.fullmatch(r"[A-Za-z0-9_.~-]+", app_id) is not None
    _require(valid, "app_id", _app_id_fix(app_id))
    _require(not str(app_id).startswith("client-"), "app_id", f"it is a client id (client-…): {_APP_ID} instead")


def _app_id_fix(app_id: object) -> str:
    if isinstance(app_id, str) and app_id.strip():
        if app_id != app_id.strip():
            return f"remove the space around it: {_APP_ID}, exactly"
        if set(app_id) & set("\"'`"):
            return f"remove the quotes around it: {_APP_ID}, exactly"
        if "," in app_id:
            return "for several apps give a list of app ids"
    return f"{_APP_ID}, exactly"
