"""The command line, `impasto COMMAND`. Reads options, calls `workflows`, shows progress."""
