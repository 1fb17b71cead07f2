"""The example apps under real servers, with real requests."""
