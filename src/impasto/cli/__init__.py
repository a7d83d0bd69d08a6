"""The command line, `impasto COMMAND`: parses options, calls `workflows`, shows progress."""
