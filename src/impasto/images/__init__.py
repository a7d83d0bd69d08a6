"""Pictures as arrays: files, colour, scales, and sample paintings."""
