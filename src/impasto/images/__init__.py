"""Pictures as NumPy arrays: files, colour, sizes, masks, memory. Needs no framework."""
