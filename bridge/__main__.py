"""`python -m bridge`, which is also the console script `dify-bridge`."""

from bridge.cli import main

if __name__ == "__main__":
    main()
