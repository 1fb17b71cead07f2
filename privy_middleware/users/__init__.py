"""The verified user and what is linked to it."""
