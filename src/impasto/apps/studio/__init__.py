"""The studio: a page in the browser on which people make pictures."""
