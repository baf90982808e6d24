"""How the camera moved, and where down is."""
