"""The routes of an app of any framework, with what each requires of the user."""

from privy_middleware.cli.listing.apps import project_routes, routes_of
from privy_middleware.cli.listing.route import Route

__all__ = ["Route", "project_routes", "routes_of"]
