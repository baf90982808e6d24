"""The maths of motion: rotations, rest poses, coordinates. Pure numpy."""
