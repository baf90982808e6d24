"""Modules for all stages: errors, messages, smoothing, rotations, the pinhole camera, LiteRT."""
