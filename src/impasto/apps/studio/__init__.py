"""The studio: a web page where people make pictures."""
