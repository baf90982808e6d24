"""Actions, F-curves and what is kept with an armature."""
