"""The format of a token: its parts, their encoding, and its claims."""
