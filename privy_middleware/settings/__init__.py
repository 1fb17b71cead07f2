"""Where settings come from, and hints about wrong ones."""
