"""What a capture writes: its folder, its quality figures, its preview."""
