"""The Django users of Privy users: an app of its own, for projects that use ``request.user``."""
