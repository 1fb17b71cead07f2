"""The pytest plugin: an issuer for the tests, its tokens, and test clients that are signed in.

pytest imports it in every project of the environment, so it imports the rest only when a fixture is used.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from privy_middleware import PrivyConfig, PrivyUser
    from privy_middleware.development import DevelopmentIssuer

__all__ = [
    "privy_config",
    "privy_cookies",
    "privy_headers",
    "privy_issuer",
    "privy_login",
    "privy_logout",
    "privy_user",
]

_ENVIRONMENT = "privy_environment"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ini option that sets the environment."""
    parser.addini(
        _ENVIRONMENT,
        "Set PRIVY_APP_ID, PRIVY_JWKS_URL and so on to the issuer of the tests before the app is imported.",
        type="bool",
        default=False,
    )


# Apps are imported by conftest.py, and Django's settings by another plugin. The innermost wrapper runs before both, and
# after pytest has begun to capture what is logged.
@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, Any, Any]:
    """Set the environment until the end of the run, if the project asks for it."""
    if early_config.getini(_ENVIRONMENT):
        _set_environment(early_config)
    return (yield)


def _set_environment(config: pytest.Config) -> None:
    issuer, patch = _issuer(config), pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    for name, value in issuer.environment().items():
        patch.setenv(name, value)
    patch.delenv("PRIVY_VERIFICATION_KEY", raising=False)


def _issuer(config: pytest.Config) -> DevelopmentIssuer:
    from privy_middleware.development.fixtures import issuer_of_the_run  # noqa: PLC0415 (slow, and not always needed)

    config.add_cleanup(issuer_of_the_run().stop)
    return issuer_of_the_run()


@pytest.fixture(scope="session")
def privy_issuer(pytestconfig: pytest.Config) -> DevelopmentIssuer:
    """The issuer of this test session; it serves its keys on loopback as soon as its URL is used."""
    return _issuer(pytestconfig)


@pytest.fixture(scope="session")
def privy_config(privy_issuer: DevelopmentIssuer) -> PrivyConfig:
    """A configuration that accepts the tokens of ``privy_issuer`` only, and fetches no keys."""
    from privy_middleware.development.fixtures import config_of  # noqa: PLC0415 (slow, and not always needed)

    return config_of(privy_issuer)


@pytest.fixture(scope="session")
def privy_headers(privy_issuer: DevelopmentIssuer) -> Callable[..., dict[str, str]]:
    """``privy_headers("ada")`` returns the request header with a token; keyword arguments are claims and ``kind``."""
    from privy_middleware.development.clients import token_headers  # noqa: PLC0415 (slow, and not always needed)

    return functools.partial(token_headers, privy_issuer)


@pytest.fixture(scope="session")
def privy_cookies(privy_issuer: DevelopmentIssuer) -> Callable[..., dict[str, str]]:
    """``privy_cookies("ada")`` returns the cookie with a token; keyword arguments are claims and ``kind``."""
    from privy_middleware.development.clients import token_cookies  # noqa: PLC0415 (slow, and not always needed)

    return functools.partial(token_cookies, privy_issuer)


@pytest.fixture(scope="session")
def privy_user(privy_issuer: DevelopmentIssuer) -> Callable[..., PrivyUser]:
    """``privy_user("ada")`` returns the user that a request with her identity token has."""
    return privy_issuer.user


@pytest.fixture(scope="session")
def privy_login(privy_issuer: DevelopmentIssuer) -> Callable[..., None]:
    """``privy_login(client, "ada")`` signs a test client in; keyword arguments are claims, ``kind`` and ``header``."""
    from privy_middleware.development.clients import sign_in  # noqa: PLC0415 (slow, and not always needed)

    return functools.partial(sign_in, privy_issuer)


@pytest.fixture(scope="session")
def privy_logout() -> Callable[[Any], None]:
    """``privy_logout(client)`` signs a test client out."""
    from privy_middleware.development.clients import sign_out  # noqa: PLC0415 (slow, and not always needed)

    return sign_out
