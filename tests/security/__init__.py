"""Attacks, and the responses to them."""
