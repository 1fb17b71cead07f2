"""Fetching documents over HTTPS, sync and async, with one fetch for all who wait."""
