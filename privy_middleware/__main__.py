"""``python -m privy_middleware`` is the command line."""

from privy_middleware.cli import main

if __name__ == "__main__":
    main()
