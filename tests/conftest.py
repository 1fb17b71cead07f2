"""What all tests share."""

from __future__ import annotations

import logging
import os

import pytest
from hypothesis import HealthCheck, settings

from tests.support import patience, redisserver, vectors

# Neither an example nor the making of one may be too slow on a busy machine.
_ANY_SPEED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
# A test run takes the same examples each time; the fuzz session looks for new ones.
settings.register_profile("default", _ANY_SPEED, derandomize=True)
settings.register_profile("fuzz", _ANY_SPEED, max_examples=20_000)
settings.load_profile("default")
patience.allow_time()

_LONGEST_ID = 60

# The settings of an app that the developer's shell has exported are not the tests' own.
for _name in [name for name in os.environ if name.startswith("PRIVY_") and name != "PRIVY_VECTORS"]:
    del os.environ[_name]


# Some frameworks turn the root logger up when an app is built; the client's own lines are nobody's concern here.
logging.getLogger("httpx2").setLevel(logging.WARNING)


@pytest.fixture(params=["asyncio", "trio"], scope="module")
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Run each ``anyio`` test under asyncio and under trio."""
    return str(request.param)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say aloud how many of the published vectors ran, or that they are absent, and so for Redis."""
    ran = [report for outcome in ("passed", "failed") for report in terminalreporter.stats.get(outcome, ())]
    terminalreporter.write_line(vectors.summary(ran))
    terminalreporter.write_line(redisserver.summary())


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a parameter as long as a key by its place: keys are made anew, and all test processes have to agree."""
    return argname if isinstance(val, str | bytes) and len(val) > _LONGEST_ID else None
