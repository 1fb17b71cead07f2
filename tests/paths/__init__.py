"""Paths as clients write them, servers read them and routers match them."""
