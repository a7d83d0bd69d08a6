"""Clips and motion: read and write video, estimate optical flow, keep painted strokes steady.

Nothing here knows a network or a setting; frames are (H, W, 3) arrays of uint8, red, green, blue.
"""
