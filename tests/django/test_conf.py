"""``settings.PRIVY`` creates one gate for all threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings
from django.test import override_settings

from django_privy.conf import PrivySettings
from tests.support.patience import PATIENCE


class Slow(PrivySettings):
    """Settings that all threads read before any of them creates a gate."""

    def __init__(self, threads: int) -> None:
        """Wait for the given number of threads."""
        super().__init__()
        self._all_here = threading.Barrier(threads)

    @property
    def value(self) -> Any:
        """Return the settings after all threads have read them."""
        self._all_here.wait(PATIENCE)
        return settings.PRIVY

    def _build(self) -> Any:
        return object()


def test_one_gate_for_all_threads() -> None:
    """Two gates would fetch the same keys twice; a new gate is created when the settings change."""
    slow = Slow(2)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: slow.gate, range(2))
    assert first is second
    ordinary = PrivySettings()
    gate = ordinary.gate
    assert ordinary.gate is gate
    with override_settings(PRIVY=dict(settings.PRIVY)):
        assert ordinary.gate is not gate
