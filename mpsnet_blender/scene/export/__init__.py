"""Export of characters to files."""
