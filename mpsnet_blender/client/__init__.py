"""Processes and environments. Standard library only, no bpy."""
