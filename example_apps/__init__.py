"""A small app for each framework, all with the same routes."""
