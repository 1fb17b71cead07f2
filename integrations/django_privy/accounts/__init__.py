"""A Django app that stores which Django user belongs to a Privy user, for projects that use ``request.user``."""
