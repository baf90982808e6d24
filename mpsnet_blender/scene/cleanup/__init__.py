"""Clean-up of an armature in the file."""
