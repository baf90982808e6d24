"""A video file becomes frames with exact times."""
