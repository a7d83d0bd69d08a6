"""Pictures as NumPy arrays: files, colour, sizes, masks, memory. No framework."""
