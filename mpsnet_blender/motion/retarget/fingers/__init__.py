"""Fingers of any rig: how they follow those of a source, and how they rest."""
