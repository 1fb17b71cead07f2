"""The behaviour over HTTP, the same for every framework."""
