"""Iterative jobs: their files, the queue, the worker thread, and the status that pages show."""
