"""The page: layout, theme, strings, controls and event handlers."""
