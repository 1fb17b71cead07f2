"""Each framework's app in turn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.parameters.apps import APPS, Send, django_project


@pytest.fixture(scope="module", autouse=True)
def project() -> Iterator[None]:
    """Be a Django project for all tests here."""
    with django_project():
        yield


@pytest.fixture(scope="module", params=APPS)
def app(request: pytest.FixtureRequest) -> str:
    """Name each app in turn."""
    return str(request.param)


@pytest.fixture(scope="module")
def send(app: str) -> Send:
    """Return how to send requests to it."""
    return APPS[app]()
