"""Rotations, rest poses, rigs and smoothing, on plain arrays."""
