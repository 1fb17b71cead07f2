"""Comparison with the official SDKs."""
