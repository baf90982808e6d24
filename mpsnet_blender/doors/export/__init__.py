"""Export of a character."""
