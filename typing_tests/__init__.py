"""What users write, as their type checkers see it: mypy and pyright check these files, nothing here is called."""
