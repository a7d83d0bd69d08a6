"""The two ways to make a picture, `iterative` and `network`, and code shared by both."""
