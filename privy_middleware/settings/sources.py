"""Where settings come from: code, a framework's settings and the environment, which add up field by field.

The first source that has a setting decides about it. Settings that are alternatives, such as ``verification_key`` and
``jwks_url``, are one decision: the source that names one of them decides about both.
"""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from privy_middleware.errors import ConfigurationError
from privy_middleware.settings.hints import closest, share_defaults, warn_once
from privy_middleware.tokens.strict_json import NotStrictJSON, decode

__all__ = ["CODE_ONLY", "SettingsSource", "build_settings", "environment", "named_settings"]

CODE_ONLY: Mapping[str, bool] = {"code_only": True}
"""The metadata of a field that cannot be set by text."""

_Settings = TypeVar("_Settings")
_Fields = Mapping[str, "dataclasses.Field[Any]"]

_BOOLEANS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
_OPTIONS = ("protect", "exempt", "close_expired", "on_expired", "root_path")
_OPTION = "is an option, not a setting; give it beside the settings: PrivyMiddleware(app, config, {option}=…)"
# The words of other libraries, and what the setting is called here, depending on the configuration.
_ALIASES: Mapping[str, tuple[str, ...]] = {
    "audience": ("app_id", "client_id"),
    "client_id": ("app_id",),
    "app_id": ("client_id",),
    "appid": ("app_id", "client_id"),
    "aud": ("app_id", "audience", "client_id"),
    "iss": ("issuer",),
    "secret": ("app_secret",),
    "client_secret": ("app_secret",),
    "public_key": ("verification_key",),
    "jwt_key": ("verification_key",),
    "jwks": ("jwks_url",),
    "jwks_uri": ("jwks_url",),
    "algorithm": ("algorithms",),
    "clock_skew": ("leeway",),
    "clock_tolerance": ("leeway",),
    "clock_skew_in_ms": ("leeway",),
    "authorized_parties": ("trusted_origins",),
    "allowed_origins": ("trusted_origins",),
    "cors_origins": ("trusted_origins",),
    "csrf_trusted_origins": ("trusted_origins",),
    "cookie_name": ("identity_cookie",),
    "header_name": ("identity_header",),
    "login": ("login_url",),
    "sign_in_url": ("login_url",),
    "cache": ("key_cache",),
}
# Variables that the documentation uses for other things than the settings.
_USED_ELSEWHERE = frozenset({"webhook_secret", "api_key", "api_secret"})


@dataclass(frozen=True)
class SettingsSource:
    """One source of settings.

    Attributes:
        values: the settings; a key is the name of a field in upper or lower case.
        spelling: how a user writes a key there, such as ``settings.PRIVY["{}"]``.
        option_fix: what to do about an option of the middleware among the settings, whose name is ``{option}``.
        is_text: whether the values are text that has to be parsed.
    """

    values: Mapping[str, Any] = field(repr=False)
    spelling: str = "{}"
    option_fix: str = _OPTION
    is_text: bool = False

    def keys(self, fields: _Fields) -> dict[str, str]:
        """Return the keys of this source by field.

        Raises:
            ConfigurationError: if a key is unknown, or a setting is given twice.
        """
        keys: dict[str, str] = {}
        for key in self.values:
            name = str(key).lower()
            if name not in fields:
                spelling = str.lower if str(key).islower() else str.upper
                raise self._spelled(ConfigurationError(str(key), _fix(name, fields, self.option_fix, spelling)), key)
            if name in keys:
                raise self._spelled(ConfigurationError(str(key), "the setting is given twice"), key)
            keys[name] = key
        return keys

    def read(self, each: dataclasses.Field[Any], key: str) -> Any:
        """Return the value of a setting."""
        return _from_text(each, self.values[key]) if self.is_text else self.values[key]

    def spelled(self, key: str) -> str:
        """Return a key in the way that a user writes it there."""
        return self.spelling.format(key)

    def _spelled(self, error: ConfigurationError, key: object) -> ConfigurationError:
        return error if self.spelling == "{}" else _named(error, self.spelled(str(key)))


def build_settings(cls: type[_Settings], sources: Sequence[SettingsSource]) -> _Settings:
    """Return the settings of ``cls`` from sources, of which the first has precedence.

    Raises:
        ConfigurationError: if a setting is missing or wrong, naming it as it is written in its source.
    """
    fields = _fields(cls)
    chosen: dict[str, tuple[SettingsSource, str]] = {}
    for source in sources:
        decided = _decided(cls, chosen)
        keys = source.keys(fields)
        chosen |= {name: (source, key) for name, key in keys.items() if name not in decided}
    _require_all(fields, chosen, sources)
    try:
        return cls(**{name: source.read(fields[name], key) for name, (source, key) in chosen.items()})
    except ConfigurationError as error:
        source, key = chosen.get(error.field) or (_main(sources), error.field.upper())
        if error.field in fields and source.spelling != "{}":
            _named(error, source.spelled(key))
        raise


def _decided(cls: Any, chosen: Mapping[str, tuple[SettingsSource, str]]) -> set[str]:
    """Return the settings that no further source can change."""
    decided = set(chosen)
    for alternatives in cls.alternatives:
        if any(name in chosen and chosen[name][0].values[chosen[name][1]] is not None for name in alternatives):
            decided.update(alternatives)
    return decided


def _require_all(fields: _Fields, chosen: Mapping[str, object], sources: Sequence[SettingsSource]) -> None:
    for name, each in fields.items():
        if _is_required(each) and name not in chosen:
            error = ConfigurationError(name, "set it, as it is required and has no default")
            places = [source.spelled(name.upper()) for source in sources if source.spelling != "{}"]
            raise _named(error, " or ".join(places)) if places else error


def _is_required(each: dataclasses.Field[Any]) -> bool:
    return each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING


def _main(sources: Sequence[SettingsSource]) -> SettingsSource:
    """Return the source that a combination of settings is reported for: the first that is not empty."""
    return next((source for source in sources if source.values), sources[-1])


def _named(error: ConfigurationError, name: str) -> ConfigurationError:
    error.args = (f"{name} ({error.args[0]})",)
    return error


def _fields(cls: Any) -> dict[str, dataclasses.Field[Any]]:
    return {each.name: each for each in dataclasses.fields(cls) if each.init}


def _fix(name: str, fields: _Fields, option_fix: str = _OPTION, spelling: Callable[[str], str] = str.upper) -> str:
    """Return what to do about the name of a setting that does not exist."""
    plain = name.removeprefix("privy_")
    option = closest(plain, _OPTIONS, 0.75)
    if option is not None:
        return option_fix.format(option=option, OPTION=option.upper())
    alias = next((each for each in _ALIASES.get(plain, ()) if each in fields), None)
    near = alias or closest(plain, fields)
    return "is not a setting" if near is None else f'is not a setting; did you mean "{spelling(near)}"?'


def environment(cls: type, environ: Mapping[str, str] | None = None, prefix: str = "PRIVY_") -> SettingsSource:
    """Return the source of the environment variables with a prefix; empty ones count as unset.

    For a variable that has the prefix but is not a setting, a warning is logged: another program may use it.
    """
    fields = _fields(cls)
    environ = os.environ if environ is None else environ
    given = {key[len(prefix) :]: value.strip() for key, value in environ.items() if key.startswith(prefix)}
    values = {}
    for key, value in given.items():
        name = key.lower()
        if name in fields and not fields[name].metadata and key.isupper():
            values[key] = value
        elif value and prefix and name not in _USED_ELSEWHERE:
            code_only = name in fields and fields[name].metadata
            fix = "can be set in code only" if code_only else _fix(name, _by_text(fields), spelling=_upper(prefix))
            warn_once(prefix + key, f"the variable is ignored, because it {fix}")
    return SettingsSource({key: value for key, value in values.items() if value}, prefix + "{}", is_text=True)


def _by_text(fields: _Fields) -> dict[str, dataclasses.Field[Any]]:
    return {name: each for name, each in fields.items() if not each.metadata}


def _upper(prefix: str) -> Callable[[str], str]:
    return lambda name: prefix + name.upper()


def _from_text(each: dataclasses.Field[Any], text: str) -> Any:
    """Return the value of an environment variable, in the type of the field's default."""
    default = each.default
    if isinstance(default, bool):
        if text.lower() not in _BOOLEANS:
            raise ConfigurationError(each.name, 'set "true" or "false"')
        return _BOOLEANS[text.lower()]
    if isinstance(default, int | float):
        return _number(each.name, text, type(default))
    if isinstance(default, tuple) or ("," in text and "Sequence" in str(each.type)):
        return tuple(_parts(text))
    if text.startswith("{") and "Mapping[str, str]" in str(each.type):
        return _object(each.name, text)
    return text


def _parts(text: str) -> Iterator[str]:
    return (part.strip() for part in text.split(",") if part.strip())


def _object(name: str, text: str) -> Any:
    try:
        return decode(text)
    except NotStrictJSON:
        raise ConfigurationError(name, "write a dict as a JSON object") from None


def _number(name: str, text: str, wanted: type) -> Any:
    try:
        return wanted(text)
    except ValueError:
        raise ConfigurationError(name, "set a number") from None


def named_settings(cls: type[_Settings]) -> type[_Settings]:
    """Decorate a configuration so that its constructor says what to do about an unknown name.

    Python's own error for it, a ``TypeError``, does not.
    """
    construct: Any = cls.__init__
    fields = _fields(cls)

    @functools.wraps(construct)
    def checked(self: Any, *args: Any, **settings: Any) -> None:
        if args:
            first = next(each.name for each in fields.values() if _is_required(each))
            raise ConfigurationError(cls.__name__, f'give settings by name, as in {cls.__name__}({first}="…")')
        for name in settings:
            if name not in fields:
                raise ConfigurationError(name, _fix(name, fields, spelling=str))
        construct(self, **settings)

    share_defaults(construct, checked)
    decorated: Any = cls
    decorated.__init__ = checked
    return cls
