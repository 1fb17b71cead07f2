"""Paths as clients send them, servers parse them and routers match them."""
