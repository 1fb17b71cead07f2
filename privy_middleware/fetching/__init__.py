"""Documents fetched over HTTPS, by one fetch for many who wait, blocking or not."""
