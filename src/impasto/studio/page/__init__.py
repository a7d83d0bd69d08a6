"""The page: layout, theme, strings, controls, and what its events call."""
