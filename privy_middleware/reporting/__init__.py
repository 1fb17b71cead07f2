"""What happens with events: the log, the hooks of the app, and the signals of plugins."""

from privy_middleware.reporting.reporter import Reporter, call_hook, read_hooks

__all__ = ["Reporter", "call_hook", "read_hooks"]
