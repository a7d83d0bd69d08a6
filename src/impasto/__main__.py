"""`python -m impasto`, the same as the command `impasto`."""

from .cli.signals import exit_on_signals


def entry() -> None:
    """Run the command line; the imports, which take a moment, can be interrupted."""
    exit_on_signals()
    from .cli.main import entry as run

    run()


if __name__ == "__main__":
    entry()
