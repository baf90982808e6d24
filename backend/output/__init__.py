"""Writing of a capture: its folder, its quality figures, its preview."""
