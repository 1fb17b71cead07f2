"""The behaviour over HTTP, which is the same in every framework."""
