"""Landmarks become a posed body before the camera."""
