"""The steps by which the table of accounts came to be."""
