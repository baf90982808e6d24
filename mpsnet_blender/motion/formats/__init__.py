"""Motion from and to files."""
