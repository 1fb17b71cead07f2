"""What ``owns_wallet`` looks at is what the view reads, in every framework and however it reads."""
