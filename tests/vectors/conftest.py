"""Collect the vectors' tests only where the vectors are; the end of the run says so either way."""

from __future__ import annotations

import pytest

from tests.support.vectors import Counts, Record, vector_folder

collect_ignore_glob = [] if vector_folder() else ["test_*.py"]


@pytest.fixture
def counts(record_property: Record) -> Counts:
    """Count the vectors of a test in its report."""
    return Counts(record_property)
