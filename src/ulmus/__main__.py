"""`python -m ulmus` is the command `ulmus`."""

from ulmus.cli.main import main

if __name__ == "__main__":
    main()
