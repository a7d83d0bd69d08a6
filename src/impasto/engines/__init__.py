"""Ways to make a picture."""
