"""`python -m jindou` is `jindou`."""

from jindou.cli import main

main()
