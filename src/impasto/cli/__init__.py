"""The command line, `impasto COMMAND`: parses options, calls `workflows`, shows progress."""

import time

STARTED = time.perf_counter()  # before any other import of the command line
