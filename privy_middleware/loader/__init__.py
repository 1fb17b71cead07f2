"""Full and fresh users from Privy's REST API, for the requests that ask for them."""

from privy_middleware.loader.loader import UserLoader

__all__ = ["UserLoader"]
