"""Collecting garbage in tests."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["only_new_objects"]


@contextmanager
def only_new_objects() -> Iterator[None]:
    """Let the garbage collector visit only objects that are made inside the context.

    Visiting all others, which are thousands of tests and the frameworks, takes a second each time.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
