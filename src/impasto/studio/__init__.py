"""The web page, `impasto studio`, and its API. Uses `workflows`, never imports `cli`."""
