"""The tests of privy-middleware and its plugins."""
