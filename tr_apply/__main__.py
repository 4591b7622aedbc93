"""``python -m tr_apply``."""

from tr_apply.cli import main

main()
