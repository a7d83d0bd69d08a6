"""Optimise the picture itself: scales, optimizers, checkpoints, time and memory."""
