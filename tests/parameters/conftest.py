"""Every test in this folder runs for the app of each framework."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.parameters.apps import APPS, Send, django_project


@pytest.fixture(scope="module", autouse=True)
def project() -> Iterator[None]:
    """Set up a Django project for all tests in this folder."""
    with django_project():
        yield


@pytest.fixture(scope="module", params=APPS)
def app(request: pytest.FixtureRequest) -> str:
    """Return the name of each app in turn."""
    return str(request.param)


@pytest.fixture(scope="module")
def send(app: str) -> Send:
    """Return a function that sends requests to the app."""
    return APPS[app]()
