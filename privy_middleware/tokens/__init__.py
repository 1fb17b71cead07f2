"""What a token is: its parts, their encoding and the claims; no keys."""
