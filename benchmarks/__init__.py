"""What verification costs, beside its peers and under load."""
