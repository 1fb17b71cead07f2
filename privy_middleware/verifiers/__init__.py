"""Verifiers, one for each family of tokens, and the cache in front of them."""
