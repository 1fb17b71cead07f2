"""The pages of the development issuer."""
