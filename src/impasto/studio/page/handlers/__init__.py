"""Event handlers of the page."""
