"""Users from the REST API."""
