"""`python -m impasto`, the same as the command `impasto`."""

from .cli.main import entry

entry()
