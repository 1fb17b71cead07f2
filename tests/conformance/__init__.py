"""Against what others publish."""
