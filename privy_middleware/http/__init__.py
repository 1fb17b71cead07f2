"""Requests and responses: tokens in a request, protected paths, cross-site requests, redirects, caching headers."""
