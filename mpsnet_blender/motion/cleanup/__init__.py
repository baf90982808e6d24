"""Captured motion made better: foot lock, smoothing, loops, grades."""
