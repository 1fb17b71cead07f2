"""What a request presents, and what HTTP asks of an answer."""
