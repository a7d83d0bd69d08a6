"""Public operations as functions: stylize, paint, learn, train, score, resume, again."""
