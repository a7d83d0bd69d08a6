"""What people do with an engine, as functions."""
