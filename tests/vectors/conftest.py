"""Collect the vectors' tests only where the vectors are; the end of the run says so either way."""

from __future__ import annotations

from tests.support.vectors import vector_folder

collect_ignore_glob = [] if vector_folder() else ["test_*.py"]
