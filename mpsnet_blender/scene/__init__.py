"""The only room that reads and writes Blender data."""
