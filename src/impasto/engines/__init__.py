"""Ways to make a picture: `iterative`, `network`, and what both need."""
