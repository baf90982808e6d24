"""Frames become landmark tracks, one for each person."""
