"""Checks on requests: hosts, routes, body sizes, file access, users. Nothing here knows of jobs."""
