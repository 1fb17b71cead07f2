"""Tests of the documentation site, which is built once for all of them."""
