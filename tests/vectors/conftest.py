"""Collect these tests only if the vectors are present; the end of the test run reports this in either case."""

from __future__ import annotations

import pytest

from tests.support.vectors import Counts, Record, vector_folder

collect_ignore_glob = [] if vector_folder() else ["test_*.py"]


@pytest.fixture
def counts(record_property: Record) -> Counts:
    """Count the vectors of a test in its report."""
    return Counts(record_property)
