"""Clean-up of an imported armature."""
