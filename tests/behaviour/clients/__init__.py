"""One client for each framework, found by the names of these modules."""
