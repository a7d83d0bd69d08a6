"""What the events of the page call."""
