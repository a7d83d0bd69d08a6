"""The studio: a web page where people make pictures; `impasto studio` opens it."""
