"""``python -m tr_apply``."""

from tr_apply.cli import main

if __name__ == "__main__":
    main()
