"""One small runnable app for each framework, all with the same routes."""
