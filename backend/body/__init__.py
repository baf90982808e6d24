"""From landmarks to a posed body in the camera's frame."""
