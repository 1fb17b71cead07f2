"""``owns_wallet`` checks the value that the view reads, in every framework and however it reads it."""
