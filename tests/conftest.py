"""Fixtures and hooks for all tests."""

from __future__ import annotations

import logging
import os

import pytest
from hypothesis import HealthCheck, settings

from privy_middleware.development import DevelopmentIssuer
from tests.support import chromium, patience, redisserver, vectors

# Neither an example nor its creation may fail because the machine is busy.
_ANY_SPEED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
# Test runs always use the same examples; the fuzz session searches for new ones.
settings.register_profile("default", _ANY_SPEED, derandomize=True)
settings.register_profile("fuzz", _ANY_SPEED, max_examples=20_000)
settings.load_profile("default")
patience.allow_time()

_LONGEST_ID = 60

_FOR_TESTS = ("PRIVY_VECTORS", "PRIVY_REQUIRE_BROWSER", "PRIVY_TUTORIALS_TO_THE_LETTER")
# Settings that the developer's shell exports must not affect the tests.
for _name in [name for name in os.environ if name.startswith("PRIVY_") and name not in _FOR_TESTS]:
    del os.environ[_name]


# Some frameworks lower the level of the root logger when an app is created; the log of the client is not needed.
logging.getLogger("httpx2").setLevel(logging.WARNING)


@pytest.fixture(scope="session")
def issuer(privy_issuer: DevelopmentIssuer) -> DevelopmentIssuer:
    """Return the issuer of the pytest plugin, for tests that do not change it."""
    return privy_issuer


@pytest.fixture(params=["asyncio", "trio"], scope="module")
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Run each ``anyio`` test with asyncio and with trio."""
    return str(request.param)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Report how many of the published vectors ran, which Redis was used, and which browser."""
    ran = [report for outcome in ("passed", "failed") for report in terminalreporter.stats.get(outcome, ())]
    terminalreporter.write_line(vectors.summary(ran))
    terminalreporter.write_line(redisserver.summary())
    terminalreporter.write_line(chromium.summary())


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name long parameters by their argument: keys are random, but test IDs must be the same in all processes."""
    return argname if isinstance(val, str | bytes) and len(val) > _LONGEST_ID else None
