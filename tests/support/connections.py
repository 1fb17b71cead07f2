"""Requests to Django outside of its test client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.signals import request_finished, request_started
from django.db import close_old_connections

__all__ = ["connections_left_open"]


@contextmanager
def connections_left_open() -> Iterator[None]:
    """Hide the database connection of another test from the request, as Django's test client does."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)
