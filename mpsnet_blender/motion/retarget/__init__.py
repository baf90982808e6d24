"""A skeleton's motion on another skeleton."""
