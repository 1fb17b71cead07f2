"""The migrations of ``django_privy.accounts``."""
