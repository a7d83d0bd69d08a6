"""Request checks: hosts, routes, body sizes, file access, users. Independent of jobs."""
