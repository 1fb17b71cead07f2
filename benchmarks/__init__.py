"""Measurements of verification, compared with other libraries and under load."""
