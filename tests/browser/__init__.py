"""Tests of the development issuer in a real browser."""
