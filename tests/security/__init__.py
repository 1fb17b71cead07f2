"""What attackers send, and what must come of it."""
