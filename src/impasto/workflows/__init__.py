"""What a user does, as functions: stylize, paint, learn, train, score, resume, again."""
