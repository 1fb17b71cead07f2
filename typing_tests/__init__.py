"""Code as users write it: mypy and pyright check these files, and nothing here is run."""
