"""`python -m kessai` is the command `kessai`."""

from kessai.cli import main

if __name__ == "__main__":
    main()
