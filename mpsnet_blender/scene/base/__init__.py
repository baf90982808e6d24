"""Actions, F-curves, scenes' rates and units, and the motion stored with an armature."""
