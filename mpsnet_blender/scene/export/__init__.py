"""Characters written to files."""
