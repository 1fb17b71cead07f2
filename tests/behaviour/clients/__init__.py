"""A client for each framework; the names of the modules are the names of the frameworks."""
