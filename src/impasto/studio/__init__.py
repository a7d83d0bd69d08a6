"""The web page, `impasto studio`, and its API. It calls `workflows` and never imports `cli`."""
